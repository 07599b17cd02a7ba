use super::*;

use std::panic;
use std::sync::{Arc, Mutex};

use file::LogFile;

/// A file in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl io::Write for Memory {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Memory {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What is logged meanwhile.
fn logged(act: impl FnOnce()) -> String {
    let memory = Memory::default();
    let subscriber = tracing_subscriber::fmt()
        .with_target(false)
        .with_writer(Mutex::new(LogFile::new(memory.clone())))
        .finish();
    tracing::subscriber::with_default(subscriber, act);
    memory.text()
}

#[test]
fn a_panic_is_logged_with_its_place_and_only_with_a_message_that_quotes_nothing() {
    let octet = std::hint::black_box(7_usize);
    let secret = std::hint::black_box("hunter2");
    let log = logged(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(panicked));
        let _ = panic::catch_unwind(|| [1, 2, 3][octet]);
        let _ = panic::catch_unwind(|| panic!("it was fixed"));
        let _ = panic::catch_unwind(|| panic!("it holds {secret}"));
        let _ = panic::catch_unwind(|| secret[octet + 1..].len());
        panic::set_hook(before);
    });
    assert_eq!(log.lines().count(), 4, "{log}");
    assert_eq!(log.matches("src/logging/tests.rs:").count(), 4, "{log}");
    assert!(
        log.contains("index out of bounds: the len is 3 but the index is 7"),
        "{log}"
    );
    assert!(log.contains("it was fixed"), "{log}");
    assert!(!log.contains(secret), "{log}");
}

#[test]
fn an_error_is_logged_with_its_causes_in_one_line_that_cannot_command_a_terminal() {
    let why = anyhow::anyhow!("it is \u{1b}[31m red\nadvice").context("can't open it");
    let log = logged(|| failed(&why));
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("ERROR can't open it: it is "), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
    assert!(!log.contains("advice"), "{log}");
}

#[test]
fn what_is_expected_of_connections_and_not_met_is_logged_without_them() {
    let log = logged(|| failed(&anyhow::Error::new(NotMet::default())));
    assert!(log.contains("--expect"), "{log}");
}

#[test]
fn a_log_is_never_longer_than_its_bound_and_a_line_than_its_own() {
    let memory = Memory::default();
    let mut file = LogFile::new(memory.clone());
    let line = vec![b'x'; 100_000];
    for _ in 0..1000 {
        io::Write::write_all(&mut file, &line).unwrap();
    }
    let text = memory.text();
    assert!(
        (1_000_000..1_050_000).contains(&text.len()),
        "{}",
        text.len()
    );
    assert!(text.lines().all(|line| line.len() <= 4096));
    assert!(text.ends_with("(the log is full)\n"));
}

#[test]
fn a_capture_of_a_month_is_summed_up_in_a_few_hundred_lines() {
    let month = Duration::from_hours(30 * 24);
    let (mut lasted, mut lines) = (Duration::ZERO, 0);
    while lasted < month {
        lasted += between(lasted);
        lines += 1;
    }
    assert!((100..1000).contains(&lines), "{lines}");
}

#[test]
fn of_a_command_only_the_name_is_logged() {
    let words = ["-p", "80", "--", "curl", "-H", "Authorization: secret"];
    let told = typed(words.map(Into::into).into_iter(), 3);
    assert_eq!(told, ["-p", "80", "--", "curl", "(2 more, left out)"]);
}
