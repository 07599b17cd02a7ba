//! The filter language: `state:close-wait -port:443 ending:reset,refused nginx`. [`Query`] chooses connections,
//! [`Search`] segments of one.
//!
//! Terms stand between spaces and must all hold; `-` or `!` before one negates it; commas part values of which one must
//! hold; capital letters don't matter. The keys are two tables, from which parsing, errors and docs/filter.md come.

mod address;
mod connections;
mod number;
mod rows;

pub use connections::Query;
pub use rows::Search;

use std::fmt;

use super::numbers::{printable, short_state};
use crate::conn::{Side, State};

/// A key of the language: `name:value`.
#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    /// How it is typed.
    pub example: &'static str,
    /// What holds where the term holds, in a few words.
    pub meaning: &'static str,
}

/// A key, and what reads its value.
type Entry<T> = (Key, fn(&str) -> Result<T, String>);

/// A line of such a table.
macro_rules! key {
    ($name:literal, $example:literal, $meaning:literal, $read:expr) => {
        (
            Key {
                name: $name,
                example: $example,
                meaning: $meaning,
            },
            $read,
        )
    };
}
use key;

/// What is typed without a key, as the help tells it.
#[derive(Debug)]
pub struct Form {
    pub example: &'static str,
    pub meaning: &'static str,
}

/// One test, or its contrary.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term<T> {
    negated: bool,
    test: T,
}

impl<T: fmt::Display> fmt::Display for Term<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negated { "-" } else { "" };
        write!(f, "{sign}{}", self.test)
    }
}

/// Reads every term with `one`.
fn terms<T>(text: &str, one: impl Fn(&str) -> Result<T, String>) -> Result<Vec<Term<T>>, String> {
    let term = |typed: &str| {
        let plain = typed.strip_prefix(['-', '!']);
        if plain == Some("") {
            return Err(format!("\"{typed}\" negates the term after it: type -word"));
        }
        Ok(Term {
            negated: plain.is_some(),
            test: one(plain.unwrap_or(typed))?,
        })
    };
    text.split_whitespace().map(term).collect()
}

/// Writes terms so that reading them gives the same again.
fn write_terms<T: fmt::Display>(terms: &[Term<T>], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, term) in terms.iter().enumerate() {
        let space = if index > 0 { " " } else { "" };
        write!(f, "{space}{term}")?;
    }
    Ok(())
}

/// Reads `key:value` by a table; `None` if it isn't one.
fn keyed<T>(table: &[Entry<T>], term: &str) -> Option<Result<T, String>> {
    let (name, value) = term.split_once(':')?;
    let known = |entry: &&Entry<T>| entry.0.name.eq_ignore_ascii_case(name);
    let Some((key, read)) = table.iter().find(known) else {
        // The beginning of an address, or of an endpoint.
        let is_address = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | '[' | '%');
        if name.chars().all(is_address) {
            return None;
        }
        let names: Vec<_> = table.iter().map(|(key, _)| key.name).collect();
        return Some(Err(format!(
            "there is no key {}: {}",
            quoted(name),
            names.join(", ")
        )));
    };
    if value.is_empty() {
        return Some(Err(format!(
            "{}: needs a value, such as {}",
            key.name, key.example
        )));
    }
    Some(read(value).map_err(|error| format!("{}: {error}", key.name)))
}

/// What was typed, safe to print and not too long.
fn quoted(text: &str) -> String {
    let text: String = text.chars().take(32).collect();
    format!("\"{}\"", printable(&text))
}

/// One of a list by its name, or what there is.
pub(super) fn one_of<T: Copy>(
    what: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
    typed: &str,
) -> Result<T, String> {
    let found = all
        .iter()
        .find(|item| same(name(**item), typed))
        .or_else(|| {
            // The beginning of one name is enough.
            let mut begin = all.iter().filter(|item| begins(name(**item), typed));
            begin.next().filter(|_| begin.next().is_none())
        });
    found.copied().ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|item| name(*item)).collect();
        format!("there is no {what} {}: {}", quoted(typed), names.join(", "))
    })
}

/// Values parted by commas.
fn list<T>(value: &str, one: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    value.split(',').map(one).collect()
}

/// The letters and digits of a name: `CLOSE_WAIT`, `close-wait` and `closewait` are one.
fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
}

fn same(name: &str, typed: &str) -> bool {
    letters(name).eq(letters(typed))
}

fn begins(name: &str, typed: &str) -> bool {
    let mut name = letters(name);
    letters(typed).next().is_some() && letters(typed).all(|c| name.next() == Some(c))
}

/// A state by the RFC's name, `ss`'s, or the short one of narrow screens.
fn state(typed: &str) -> Result<State, String> {
    match letters(typed).collect::<String>().as_str() {
        "estab" => return Ok(State::Established),
        "synrecv" => return Ok(State::SynReceived),
        _ => {}
    }
    let short = |state: &&State| same(short_state(**state), typed);
    match State::ALL.iter().find(short) {
        Some(state) => Ok(*state),
        None => one_of("state", &State::ALL, State::name, typed),
    }
}

fn side(typed: &str) -> Result<Side, String> {
    one_of("side", &Side::BOTH, Side::name, typed)
}

/// Writes `key:a,b`.
fn write_list<T>(
    f: &mut fmt::Formatter<'_>,
    key: &str,
    values: &[T],
    text: impl Fn(&T) -> String,
) -> fmt::Result {
    let values: Vec<_> = values.iter().map(text).collect();
    write!(f, "{key}:{}", values.join(","))
}

fn state_text(state: State) -> String {
    state.name().to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
