//! What is found after a process has ended, however it ended.

use std::{collections::HashSet, fs};

use ags_api::model::{MetadataVar, SandboxInstance};

use super::*;
use crate::requests::{CREATED_BY, SOFTWARE, START};

const SCOPE: &str = "https://ags.example ap-here";

fn instance(id: &str, start: &str) -> SandboxInstance {
    let variable = |name: &str, value: &str| MetadataVar {
        name: Some(name.to_owned()),
        value: Some(value.to_owned()),
        ..Default::default()
    };
    SandboxInstance {
        instance_id: Some(id.to_owned()),
        metadata: Some(vec![variable(CREATED_BY, SOFTWARE), variable(START, start)]),
        ..Default::default()
    }
}

fn files(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

#[test]
fn what_is_not_over_is_found_once_the_process_has_ended() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(directory.path(), SCOPE).unwrap();
    for start in ["a", "b", "c", "d"] {
        journal.asked(start);
    }
    journal.started("a", "sbi-a");
    journal.started("b", "sbi-b");
    journal.instance_over("sbi-b");
    journal.over("c");
    assert!(
        orphans(directory.path(), SCOPE).unwrap().is_empty(),
        "its process lives"
    );
    let lives = HashSet::from([requests::process()]);
    assert_eq!(living(directory.path()).unwrap(), lives);
    drop(journal);
    assert!(living(directory.path()).unwrap().is_empty());
    assert!(
        orphans(directory.path(), "another").unwrap().is_empty(),
        "of another region"
    );
    let mut found = orphans(directory.path(), SCOPE).unwrap();
    let orphan = found.pop().unwrap();
    assert!(
        orphans(directory.path(), SCOPE).unwrap().is_empty(),
        "somebody sees to it"
    );
    assert_eq!(orphan.instance_ids().collect::<Vec<_>>(), ["sbi-a"]);
    assert_eq!(orphan.unanswered(), 1);
    assert!(orphan.owns(&instance("sbi-a", "other")));
    assert!(orphan.owns(&instance("sbi-d", "d")), "never learned of");
    assert!(!orphan.owns(&instance("sbi-b", "b")) && !orphan.owns(&instance("sbi-x", "x")));

    orphan
        .settle(|_, instance_id| instance_id == Some("sbi-a"))
        .unwrap();
    let rest = orphans(directory.path(), SCOPE).unwrap().pop().unwrap();
    assert_eq!((rest.instance_ids().count(), rest.unanswered()), (0, 1));
    rest.settle(|start, _| start == "d").unwrap();
    assert_eq!(files(directory.path()), 0);
}

#[test]
fn a_journal_of_which_all_is_over_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(&directory.path().join("made/by us"), SCOPE).unwrap();
    journal.asked("a");
    journal.started("a", "sbi-a");
    journal.instance_over("sbi-a");
    journal.instance_over("sbi-unknown");
    drop(journal);
    assert_eq!(files(&directory.path().join("made/by us")), 0);
}

#[test]
fn a_long_journal_is_written_anew() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(directory.path(), SCOPE).unwrap();
    journal.asked("stays");
    journal.started("stays", "sbi-stays");
    for number in 0..2_000 {
        let start = format!("{number}");
        journal.asked(&start);
        journal.started(&start, &format!("sbi-{number}"));
        journal.over(&start);
    }
    let path = journal.book().path.clone();
    assert!(fs::metadata(&path).unwrap().len() < 200_000);
    journal.asked("late");
    drop(journal);
    let orphan = orphans(directory.path(), SCOPE).unwrap().pop().unwrap();
    assert_eq!(orphan.instance_ids().collect::<Vec<_>>(), ["sbi-stays"]);
    assert_eq!(orphan.unanswered(), 1);
}

#[test]
fn half_a_line_and_an_old_journal_do_no_harm() {
    let directory = tempfile::tempdir().unwrap();
    let journal = Journal::open(directory.path(), SCOPE).unwrap();
    journal.asked("a");
    journal.started("a", "sbi-a");
    let path = journal.book().path.clone();
    drop(journal);
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"over\":{\"sta").unwrap();
    let orphan = orphans(directory.path(), SCOPE).unwrap().pop().unwrap();
    assert_eq!(orphan.instance_ids().count(), 1);
    drop(orphan);

    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(50 * 60 * 60);
    file.set_modified(long_ago).unwrap();
    let orphan = orphans(directory.path(), SCOPE).unwrap().pop().unwrap();
    orphan.settle(|_, _| false).unwrap();
    assert_eq!(files(directory.path()), 0, "what it names is long over");
    fs::write(&path, "").unwrap();
    assert!(orphans(directory.path(), SCOPE).unwrap().is_empty());
    assert_eq!(files(directory.path()), 0);
}

#[test]
fn the_environment_names_the_directory() {
    let of = |pairs: &[(&str, &str)]| {
        default_directory(|name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).into())
        })
    };
    let home = ("HOME", "/h");
    assert_eq!(of(&[home]), Some("/h/.local/state/swerex-ags".into()));
    assert_eq!(
        of(&[home, ("XDG_STATE_HOME", "/x")]),
        Some("/x/swerex-ags".into())
    );
    assert_eq!(
        of(&[home, ("SWEREX_AGS_STATE_DIR", "/s")]),
        Some("/s".into())
    );
    assert_eq!(of(&[("HOME", "")]), None);
}
