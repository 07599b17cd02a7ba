//! How pictures and pages look: colours, and text that stays in its columns.

use serde_json::json;

use crate::common::{capture, printed};
use crate::devtools::Browser;
use crate::{Test, Written};

pub const ALL: &[Test] = &[
    (
        "colours_follow_the_preference_unless_a_theme_is_named",
        colours,
    ),
    ("text_keeps_to_its_columns_in_any_font", fitted),
];

fn prefer(browser: &mut Browser, scheme: &str) {
    let feature = json!([{"name": "prefers-color-scheme", "value": scheme}]);
    browser.ask("Emulation.setEmulatedMedia", &json!({"features": feature}));
}

fn colours(browser: &mut Browser) {
    let close = capture("close-then-peer-writes");
    let close = close.to_str().unwrap();
    let grounds = [
        (
            "svg",
            "ladder.svg",
            "getComputedStyle(document.querySelector('.ground')).fill",
        ),
        (
            "html",
            "ladder.html",
            "getComputedStyle(document.body).backgroundColor",
        ),
    ];
    let (dark, light) = ("rgb(18, 20, 25)", "rgb(255, 255, 255)");
    for (format, name, ground) in grounds {
        for (theme, with_dark, with_light) in [
            ("auto", dark, light),
            ("dark", dark, dark),
            ("light", light, light),
            ("mono", light, light),
        ] {
            let text = printed(&["-F", format, "--theme", theme, close]);
            let page = Written::new(name, &text);
            browser.open(&page.address());
            for (preferred, wanted) in [("dark", with_dark), ("light", with_light)] {
                prefer(browser, preferred);
                assert_eq!(
                    browser.eval(ground),
                    wanted,
                    "{format} {theme}, {preferred} preferred"
                );
            }
        }
    }
}

fn fitted(browser: &mut Browser) {
    let ladder = capture("fin-data-reordered");
    let text = printed(&["-F", "svg", ladder.to_str().unwrap()]);
    let page = Written::new("ladder.svg", &text);
    browser.open(&page.address());
    let widest = "Math.max(...[...document.querySelectorAll('text[textLength]')]
        .map(it => Math.abs(it.getBBox().width - it.textLength.baseVal.value)))";
    for font in ["monospace", "serif", "sans-serif"] {
        browser.eval(&format!(
            "document.querySelectorAll('text').forEach(it => it.style.fontFamily = '{font}')"
        ));
        let off = browser.eval(widest).as_f64().unwrap();
        assert!(off < 1.0, "{font}: {off} pixels");
    }
}
