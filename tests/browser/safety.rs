//! Nothing leaves the page, and nothing in it does what only markup may do.

use std::net::TcpListener;

use serde_json::json;

use crate::common::{capture, printed};
use crate::devtools::Browser;
use crate::{Test, Written};

pub const ALL: &[Test] = &[
    ("a_page_asks_for_nothing_but_itself", asks_for_nothing),
    (
        "the_policy_lets_nothing_out_that_would_get_out_without_it",
        policy,
    ),
    ("a_hostile_name_is_text", hostile_name),
    (
        "without_script_all_steps_stand_below_the_ladder",
        without_script,
    ),
];

fn asks_for_nothing(browser: &mut Browser) {
    let page = Written::html(&capture("close-then-peer-writes"), &[]);
    browser.open(&page.address());
    for key in ["ArrowDown", "e", "End", "Home"] {
        browser.press(key);
    }
    let requests: Vec<_> = browser
        .heard("Network.requestWillBeSent")
        .map(|event| event["request"]["url"].as_str().unwrap())
        .collect();
    assert_eq!(requests, [page.address()]);
    assert_eq!(browser.heard("Runtime.exceptionThrown").count(), 0);
    let complaints: Vec<_> = browser.heard("Log.entryAdded").collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// Tries every way out that a page has, to a port of this machine.
fn try_to_leave(browser: &mut Browser, port: u16) {
    let address = format!("http://127.0.0.1:{port}/");
    browser.eval(&format!(
        "(async () => {{
            const load = (kind, attribute) => new Promise(done => {{
                const it = document.createElement(kind);
                it.onload = it.onerror = done;
                if (kind === 'link') it.rel = 'stylesheet';
                it[attribute] = '{address}' + kind;
                document.body.append(it);
            }});
            const ways = [load('img', 'src'), load('script', 'src'), load('link', 'href')];
            ways.push(fetch('{address}fetch', {{mode: 'no-cors'}}).catch(() => 0));
            const slow = new Promise(done => setTimeout(done, 3000));
            await Promise.race([Promise.all(ways), slow]);
        }})()"
    ));
}

/// Whether anybody has called.
fn was_called(listener: &TcpListener) -> bool {
    listener.set_nonblocking(true).unwrap();
    listener.accept().is_ok()
}

fn policy(browser: &mut Browser) {
    let capture = capture("close-then-peer-writes");
    let html = printed(&["-F", "html", capture.to_str().unwrap()]);
    let before = html.find("<meta http-equiv").unwrap();
    let after = before + html[before..].find('>').unwrap() + 1;
    let unguarded = format!("{}{}", &html[..before], &html[after..]);
    for (html, is_guarded) in [(html, true), (unguarded, false)] {
        let page = Written::new("ladder.html", &html);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        browser.open(&page.address());
        try_to_leave(browser, listener.local_addr().unwrap().port());
        assert_eq!(was_called(&listener), !is_guarded);
        // Script that isn't the page's own doesn't run either.
        let ran = browser.eval(
            "(() => { const it = document.createElement('script'); it.textContent = 'window.ran = true';
             document.body.append(it); return window.ran === true; })()",
        );
        assert_eq!(ran, !is_guarded);
    }
}

fn hostile_name(browser: &mut Browser) {
    let folder = tempfile::tempdir().unwrap();
    let name = "<script>ran=1<!--' onload=\"ran=1\">&amp;\u{202e}\u{2028}.pcap";
    let path = folder.path().join(name);
    std::fs::copy(capture("close-then-peer-writes"), &path).unwrap();
    let page = Written::html(&path, &[]);
    browser.open(&page.address());
    let shown = name
        .replace('\u{202e}', "\\u{202e}")
        .replace('\u{2028}', "\\u{2028}");
    let title = browser.eval("document.title");
    assert!(title.as_str().unwrap().starts_with(&shown), "{title}");
    assert_eq!(
        browser.eval("document.querySelector('h1 span').textContent"),
        shown
    );
    assert_eq!(browser.eval("typeof window.ran"), "undefined");
    assert_eq!(browser.eval("document.scripts.length"), 1);
    browser.press("ArrowDown");
    assert_eq!(browser.eval("document.activeElement.id"), "c1s2");
}

fn without_script(browser: &mut Browser) {
    browser.ask(
        "Emulation.setScriptExecutionDisabled",
        &json!({"value": true}),
    );
    let page = Written::html(&capture("close-then-peer-writes"), &[]);
    browser.open(&page.address());
    let visible = |browser: &mut Browser, selector: &str| {
        browser.eval(&format!(
            "[...document.querySelectorAll('{selector}')].filter(it => it.getClientRects().length > 0).length"
        ))
    };
    assert_eq!(visible(browser, ".steps > li"), 7);
    assert_eq!(visible(browser, ".ladder tbody tr"), 7);
    assert_eq!(visible(browser, ".keys"), 0, "no key would work");
}
