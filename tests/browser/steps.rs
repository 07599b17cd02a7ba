//! Stepping through a ladder with keys, mouse and links.

use serde_json::{Value, json};

use crate::common::{capture, captures, json, of_type};
use crate::devtools::Browser;
use crate::{Test, Written};

pub const ALL: &[Test] = &[
    (
        "arrow_keys_step_and_states_and_explanations_follow",
        arrow_keys,
    ),
    (
        "e_walks_the_evidence_and_n_the_changes_of_states",
        evidence_and_changes,
    ),
    ("a_click_and_a_link_select_their_row", click_and_link),
    ("brackets_and_links_choose_a_connection", several),
    ("the_selected_row_is_in_sight_above_the_panel", in_sight),
    ("every_step_has_the_states_that_json_has", every_step),
];

/// What is selected, and what is shown of it.
const SHOWN: &str = "(() => {
    const row = document.querySelector('.chosen tr[aria-selected=true]');
    const steps = [...document.querySelectorAll('.steps > li')].filter(it => it.offsetParent !== null);
    return {
        row: row.id, focused: document.activeElement.id, steps: steps.length, text: steps[0].innerText,
        states: [...steps[0].querySelectorAll('.ends b')].map(it => it.textContent),
        status: document.getElementById('status').textContent, tabbable: document.querySelectorAll('tr[tabindex=\"0\"]').length,
        whole: row.innerText,
    };
})()";

fn arrow_keys(browser: &mut Browser) {
    let page = Written::html(&capture("close-then-peer-writes"), &[]);
    browser.open(&page.address());
    let first = browser.eval(SHOWN);
    assert_eq!(
        (&first["row"], &first["steps"]),
        (&json!("c1s1"), &json!(1))
    );
    assert_eq!(first["states"], json!(["SYN-SENT", "SYN-RECEIVED"]));
    browser.press("ArrowUp");
    assert_eq!(browser.eval(SHOWN)["row"], "c1s1", "there is nothing above");
    for key in ["ArrowDown", "ArrowRight", "ArrowDown"] {
        browser.press(key);
    }
    let fin = browser.eval(SHOWN);
    assert_eq!(
        (&fin["row"], &fin["focused"]),
        (&json!("c1s4"), &json!("c1s4"))
    );
    assert_eq!(fin["states"], json!(["FIN-WAIT-1", "CLOSE-WAIT"]));
    assert_eq!((&fin["steps"], &fin["tabbable"]), (&json!(1), &json!(1)));
    let text = fin["text"].as_str().unwrap();
    assert!(text.contains("The client will send no more"), "{text}");
    assert!(
        text.contains("frame 4: Flags [F.], seq 1, ack 1, win"),
        "{text}"
    );
    assert!(
        text.contains("0 (end of file)"),
        "the server's next read(): {text}"
    );
    let status = fin["status"].as_str().unwrap();
    let told = "4 of 7. client FIN-WAIT-1, server CLOSE-WAIT. The client will send no more";
    assert!(status.starts_with(told), "{status}");
    browser.press("ArrowLeft");
    assert_eq!(browser.eval(SHOWN)["row"], "c1s3");
    browser.press("End");
    assert_eq!(browser.eval(SHOWN)["states"], json!(["CLOSED", "CLOSED"]));
    browser.press("Home");
    assert_eq!(browser.eval(SHOWN)["row"], "c1s1");
}

fn rows_after(browser: &mut Browser, keys: &[&str]) -> Vec<Value> {
    let mut rows = Vec::new();
    for key in keys {
        browser.press(key);
        rows.push(browser.eval(SHOWN)["row"].clone());
    }
    rows
}

fn evidence_and_changes(browser: &mut Browser) {
    let page = Written::html(&capture("close-then-peer-writes"), &[]);
    browser.open(&page.address());
    assert_eq!(
        rows_after(browser, &["e", "e", "e", "e"]),
        ["c1s4", "c1s6", "c1s7", "c1s4"]
    );
    assert_eq!(
        rows_after(browser, &["n", "n", "N", "N"]),
        ["c1s5", "c1s7", "c1s5", "c1s4"]
    );
}

fn click_and_link(browser: &mut Browser) {
    let page = Written::html(&capture("close-then-peer-writes"), &[]);
    browser.open(&page.address());
    browser.click("#c1s6");
    let shown = browser.eval(SHOWN);
    assert_eq!(
        (&shown["row"], &shown["focused"]),
        (&json!("c1s6"), &json!("c1s6"))
    );
    browser.open(&format!("{}#c1s5", page.address()));
    assert_eq!(browser.eval(SHOWN)["row"], "c1s5");
}

fn in_sight(browser: &mut Browser) {
    let longest = captures()
        .into_iter()
        .max_by_key(|(_, path)| path.metadata().unwrap().len());
    let (name, path) = longest.unwrap();
    let page = Written::html(&path, &["-c", "1"]);
    browser.open(&page.address());
    let hidden = "(() => {
        const row = document.querySelector('.chosen tr[aria-selected=true]').getBoundingClientRect();
        const panel = document.querySelector('.chosen .panel').getBoundingClientRect();
        return row.top < 0 || row.bottom > panel.top;
    })()";
    let rows = browser.eval("document.querySelectorAll('.chosen tbody tr[id]').length");
    assert!(rows.as_u64().unwrap() > 30, "{name} needs to be scrolled");
    for key in [
        "PageDown", "PageDown", "PageDown", "End", "PageUp", "PageUp", "Home",
    ] {
        browser.press(key);
        assert_eq!(browser.eval(hidden), false, "{name}: {key}");
    }
}

fn several(browser: &mut Browser) {
    let page = Written::html(&capture("time-wait-reuse.client-auto"), &[]);
    browser.open(&page.address());
    let visible = "[...document.querySelectorAll('.connection')].filter(it => it.offsetParent !== null).map(it => it.id)";
    assert_eq!(browser.eval(visible), json!(["c1"]));
    assert_eq!(
        rows_after(browser, &["]", "ArrowDown", "[", "]"]),
        ["c2s1", "c2s2", "c1s1", "c2s2"]
    );
    assert_eq!(browser.eval(visible), json!(["c2"]));
    browser.follow("nav a");
    assert_eq!(browser.eval(visible), json!(["c1"]));
    assert_eq!(
        browser.eval("document.querySelector('nav a[aria-current=true]').hash"),
        "#c1"
    );
}

fn every_step(browser: &mut Browser) {
    for (name, path) in captures().into_iter().step_by(12) {
        let lines = json(&path);
        let page = Written::html(&path, &["-c", "1"]);
        browser.open(&page.address());
        let own = of_type(&lines, "segment").filter(|line| line["connection"] == 1);
        let mut segments = 0;
        for (at, line) in own.enumerate() {
            // ICMP errors are steps, too.
            while browser.eval(SHOWN)["row"] != format!("c1s{}", at + 1) {
                let before = browser.eval(SHOWN)["row"].clone();
                browser.press("ArrowDown");
                assert_ne!(
                    browser.eval(SHOWN)["row"],
                    before,
                    "{name}: segment {} isn't there",
                    at + 1
                );
            }
            let shown = browser.eval(SHOWN);
            let states = json!([line["client_state"], line["server_state"]]);
            assert_eq!(shown["states"], states, "{name}: segment {}", at + 1);
            let row = shown["whole"].as_str().unwrap();
            for state in states.as_array().unwrap() {
                assert!(row.contains(state.as_str().unwrap()), "{name}: {row}");
            }
            segments += 1;
        }
        assert!(segments > 0, "{name}");
    }
}
