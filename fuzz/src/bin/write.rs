//! Any trace in every format: nothing that commands a terminal comes out, and each format is what it is.
#![no_main]

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use tcpviz::report::few::few;
use tcpviz::report::page::{How, Page};
use tcpviz::report::palette::Scheme;
use tcpviz::report::{connections, csv, html, json, ladder, markdown, mermaid, svg};
use tcpviz_fuzz::{steps, style, trace};

fn check(text: &[u8], format: &str) -> String {
    let text = String::from_utf8(text.to_vec()).expect("UTF-8");
    let is_safe = |c: char| {
        c == '\n'
            || !c.is_control()
                && !('\u{202a}'..='\u{202e}').contains(&c)
                && !('\u{2066}'..='\u{2069}').contains(&c)
    };
    assert!(text.chars().all(is_safe), "{format}: {text:?}");
    text
}

/// The formats that hold few connections.
fn draw(pages: &[Page<'_>], account: bool) {
    let mut out = Vec::new();
    let look = svg::Look {
        scheme: Scheme::Preferred,
        account,
    };
    svg::write(&mut out, pages, look).unwrap();
    let text = check(&out, "svg");
    assert!(
        text.is_empty() || roxmltree::Document::parse(&text).is_ok(),
        "{text}"
    );
    out.clear();
    let hostile = "</script><!--\u{202e}\u{1b}[31m.pcap";
    html::write(&mut out, pages, hostile, Scheme::Preferred, None).unwrap();
    let text = check(&out, "html");
    assert!(
        text.matches("</script>").count() <= 1 && !text.contains(hostile),
        "{text}"
    );
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&bits, bytes)) = bytes.split_first() else {
        return;
    };
    let steps = steps(&mut Unstructured::new(bytes));
    let trace = trace(&steps, false);
    let (style, wanted, width) = style(bits);
    let how = How {
        style,
        wanted,
        width,
    };
    let mut out = Vec::new();
    ladder::write(&mut out, &trace, None, how).unwrap();
    check(&out, "ladder");
    out.clear();
    markdown::write(&mut out, &trace, None, how, None).unwrap();
    check(&out, "markdown");
    out.clear();
    mermaid::write(&mut out, &trace, None, how).unwrap();
    let text = check(&out, "mermaid");
    for line in text.lines().skip(1) {
        let statement = line.split_once(": ").map_or("", |(_, words)| words);
        let unescaped = statement.replace("<br/>", "");
        assert!(!unescaped.contains(['<', '%', '"']), "{line}");
    }
    out.clear();
    connections::write(&mut out, &trace, None).unwrap();
    check(&out, "connections");
    out.clear();
    // A story may take more connections than a picture holds.
    if let Ok(pages) = few(&trace, None, how, svg::MOST) {
        draw(&pages, bits & 16 > 0);
    }
    let table = csv::Table::new(&trace, None);
    (0..table.chunks()).for_each(|chunk| table.write(chunk, &mut out));
    let text = check(&out, "csv");
    let columns = |line: &str| line.split(',').count();
    let wanted = text.lines().next().map_or(0, columns);
    assert!(text.lines().all(|line| columns(line) == wanted), "{text}");
    out.clear();
    let whole = json::Whole::new(&trace, "fuzz\u{1b}[31m", None);
    (0..whole.chunks()).for_each(|chunk| whole.write(chunk, &mut out));
    for line in String::from_utf8(out).expect("UTF-8").lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("an object a line");
        assert!(value["type"].is_string(), "{line}");
    }
});
