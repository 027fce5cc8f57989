//! The protocol, on reports that are made up.

use super::*;

fn prompt(code: i64, has_jobs: bool) -> Report {
    Report::Prompt(Prompt {
        code,
        has_jobs,
        ..Prompt::default()
    })
}

fn idle() -> State {
    let mut state = State::new();
    assert_eq!(state.hear(prompt(0, false)), None);
    assert_eq!(*state.phase(), Phase::Idle);
    state
}

fn question(ask: Option<Ask>) -> u64 {
    match ask {
        Some(Ask::Question { number, .. }) => number,
        ask => panic!("{ask:?}"),
    }
}

#[test]
fn a_command_has_its_own_code() {
    let mut state = idle();
    let number = state.begin();
    assert_eq!(state.done(number), None);
    assert_eq!(state.hear(prompt(7, false)), None);
    assert_eq!(state.done(number).map(|done| done.code), Some(7));
}

#[test]
fn jobs_are_told_of_before_the_end() {
    let mut state = idle();
    let number = state.begin();
    assert_eq!(state.hear(prompt(3, true)), Some(Ask::Settle));
    assert_eq!(state.done(number), None);
    state.print(b"[1]+  Done\r\n");
    assert_eq!(state.hear(prompt(3, true)), None);
    assert_eq!(state.done(number).map(|done| done.code), Some(3));
}

#[test]
fn the_code_of_an_interrupt_is_asked_about() {
    let mut state = idle();
    let number = state.begin();
    // The prompt of an interrupt that came before the command was read.
    let first = question(state.hear(prompt(130, false)));
    // The command's own end.
    let second = question(state.hear(prompt(4, false)));
    assert_eq!(state.hear(Report::Answer(first, 4)), None);
    assert_eq!(state.hear(prompt(4, false)), None);
    assert_eq!(state.done(number), None);
    state.hear(Report::Answer(second, 4));
    state.hear(prompt(4, false));
    assert_eq!(state.done(number).map(|done| done.code), Some(4));
}

#[test]
fn a_lost_report_is_asked_for() {
    let waits = Seen {
        is_in_front: true,
        reads_command: Some(true),
        has_input: false,
    };
    let mut state = idle();
    let number = state.begin();
    let first = question(state.stuck(waits));
    // That was lost, too.
    let second = question(state.stuck(waits));
    assert!(second > first);
    state.hear(Report::Answer(second, 9));
    // No prompt reports any more.
    assert_eq!(state.stuck(waits), None);
    assert_eq!(state.done(number).map(|done| done.code), Some(9));
}

#[test]
fn a_command_that_works_is_left_alone() {
    let works = Seen {
        is_in_front: true,
        reads_command: Some(false),
        has_input: false,
    };
    let mut state = idle();
    state.begin();
    assert_eq!(state.stuck(works), None);
    let unknown = Seen {
        reads_command: None,
        ..works
    };
    assert_eq!(state.stuck(unknown), None);
    state.mark_interrupted();
    question(state.stuck(unknown));
}

#[test]
fn output_that_nobody_waits_for_is_not_the_next_commands() {
    let mut state = idle();
    state.begin();
    state.print(b"begin");
    state.keep(Keeper::Nobody);
    state.print(b"end");
    state.hear(prompt(0, false));
    state.print(b"late");
    assert_eq!(state.screen.piece(0, usize::MAX).bytes, b"late");
}
