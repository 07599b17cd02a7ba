//! Every experiment, grouped by the question that it answers.

use std::sync::LazyLock;

use super::script::{Experiment, Group, parse};

/// The files, in the order in which a course goes through them.
const FILES: &[(&str, &str)] = &[
    ("close", include_str!("experiments/close.lab")),
    ("shutdown", include_str!("experiments/shutdown.lab")),
    ("exit", include_str!("experiments/exit.lab")),
    ("reset", include_str!("experiments/reset.lab")),
    ("delivery", include_str!("experiments/delivery.lab")),
    ("fin-wait-2", include_str!("experiments/fin-wait-2.lab")),
    ("time-wait", include_str!("experiments/time-wait.lab")),
    ("connect", include_str!("experiments/connect.lab")),
    ("host", include_str!("experiments/host.lab")),
    ("wire", include_str!("experiments/wire.lab")),
    ("articles", include_str!("experiments/articles.lab")),
];

static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let groups = FILES.iter().map(|(name, text)| parse(name, text));
    // A test reads them all: what is shipped can be read.
    groups
        .map(|group| group.unwrap_or_else(|why| panic!("{why}")))
        .collect()
});

/// All groups.
#[must_use]
pub fn groups() -> &'static [Group] {
    &GROUPS
}

/// All experiments, in the order of the course.
pub fn experiments() -> impl Iterator<Item = &'static Experiment> {
    GROUPS.iter().flat_map(|group| &group.experiments)
}

/// The experiment of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Experiment> {
    experiments().find(|experiment| experiment.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_experiment_can_be_read_and_says_what_it_is_about() {
        let mut names = HashSet::new();
        for group in groups() {
            assert!(group.question.ends_with('?'), "{}", group.name);
            for experiment in &group.experiments {
                let name = &experiment.name;
                assert!(names.insert(name), "{name} is there twice");
                assert!(!experiment.title.is_empty(), "{name} has no title");
                assert!(!experiment.steps.is_empty(), "{name} has no steps");
            }
        }
    }
}
