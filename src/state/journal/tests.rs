use proptest::prelude::*;

use super::super::test_support::*;
use super::*;
use crate::state::journal_text::{Chain, parse};
use crate::state::{FORMAT_VERSION, State, StateError};

fn begin(intents: Vec<Intent>) -> Begin {
    let state = State::new("registry");
    Begin {
        format_version: FORMAT_VERSION,
        run: RunId::random(),
        lineage: state.lineage,
        serial: 3,
        plan: "sha256:plan".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        by: "alice@build".to_owned(),
        files: Vec::new(),
        variables: Vec::new(),
        selections: Vec::new(),
        intents,
    }
}

fn records() -> Vec<JournalLine> {
    let outcome = |name, outcome| JournalLine::Outcome { address: address(name), outcome: Box::new(outcome) };
    vec![
        JournalLine::Begin(Box::new(begin(vec![
            intent(IntentKind::Create, "a"),
            intent(IntentKind::Delete, "b"),
        ]))),
        outcome("a", written("a")),
        outcome("a", Outcome::Ready),
        outcome("b", failed(false)),
        outcome("b", deleted("b")),
        outcome("d", Outcome::Moved { from: address("c"), resource: Box::new(resource("c")) }),
        outcome("e", Outcome::Forgotten { identity: identity("e") }),
        JournalLine::End { end: RunEnd::Stopped, in_flight: [address("f")].into() },
    ]
}

fn lines(records: &[JournalLine]) -> Vec<Vec<u8>> {
    let mut chain = Chain::default();
    let mut lines = Vec::new();
    for record in records {
        let (line, next) = chain.line(record).unwrap();
        lines.push(line);
        chain = next;
    }
    lines
}

fn read(bytes: &[u8]) -> Result<Option<Journal>, StateError> {
    parse(std::path::Path::new("journal"), bytes)
}

#[test]
fn it_reads_back_as_it_was_written() {
    let records = records();
    let journal = read(&lines(&records).concat()).unwrap().unwrap();
    let mut back = vec![JournalLine::Begin(Box::new(journal.begin))];
    back.extend(
        journal
            .outcomes
            .into_iter()
            .map(|(address, outcome)| JournalLine::Outcome { address, outcome: Box::new(outcome) }),
    );
    let in_flight = journal.in_flight;
    back.extend(journal.end.map(|end| JournalLine::End { end, in_flight }));
    assert_eq!(back, records);
    assert!(!journal.torn);
}

#[test]
fn cut_at_any_byte_it_holds_what_was_whole_before() {
    let lines = lines(&records());
    let whole = lines.concat();
    for length in 0..=whole.len() {
        let journal = read(&whole[..length]).unwrap_or_else(|error| panic!("cut at {length}: {error}"));
        // A line is complete with its last byte, without its newline.
        let mut end = 0;
        let complete = lines
            .iter()
            .take_while(|line| {
                end += line.len();
                end - 1 <= length
            })
            .count();
        let Some(journal) = journal else {
            assert_eq!(complete, 0, "cut at {length}");
            continue;
        };
        let found = 1 + journal.outcomes.len() + usize::from(journal.end.is_some());
        assert_eq!(found, complete, "cut at {length}");
    }
}

#[test]
fn a_changed_byte_is_damage_with_its_line_or_a_dropped_last_line() {
    let lines = lines(&records());
    let whole = lines.concat();
    let intact = read(&whole).unwrap().unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x01;
        match read(&bytes) {
            Err(StateError::JournalDamaged { line, .. }) => assert!(line < lines.len(), "byte {at}"),
            Ok(Some(journal)) => {
                // Without its newline, the second last line is joined with the last one.
                assert!(journal.outcomes.len() + 1 >= intact.outcomes.len(), "byte {at}");
                assert!(intact.outcomes.starts_with(&journal.outcomes), "byte {at}");
                assert_eq!(journal.begin, intact.begin, "byte {at}");
            }
            other => panic!("byte {at}: {other:?}"),
        }
    }
}

#[test]
fn a_lost_a_doubled_and_a_moved_line_are_damage() {
    let lines = lines(&records());
    let of = |order: &[usize]| order.iter().flat_map(|index| lines[*index].clone()).collect::<Vec<u8>>();
    for order in [&[0, 1, 3, 4, 5, 6, 7][..], &[0, 1, 1, 2, 3], &[0, 2, 1, 3], &[1, 2, 3]] {
        assert!(matches!(read(&of(order)), Err(StateError::JournalDamaged { .. })), "{order:?}");
    }
}

#[test]
fn lines_in_a_wrong_order_are_damage_though_their_checksums_fit() {
    let records = records();
    for order in [&[1, 2][..], &[0, 0], &[0, 7, 1], &[0, 7, 7]] {
        let chosen: Vec<JournalLine> = order.iter().map(|index| records[*index].clone()).collect();
        let error = read(&lines(&chosen).concat()).unwrap_err();
        assert!(matches!(error, StateError::JournalDamaged { .. }), "{order:?}: {error}");
    }
}

#[test]
fn a_newer_format_is_named_as_such() {
    let newer = Begin { format_version: FORMAT_VERSION + 1, ..begin(Vec::new()) };
    let error = read(&lines(&[JournalLine::Begin(Box::new(newer))]).concat()).unwrap_err();
    assert!(matches!(error, StateError::NewerFormat { found: 3, known: 2, .. }), "{error}");
}

#[test]
fn what_is_in_doubt_after_a_kill_and_after_an_end() {
    let intents = vec![
        intent(IntentKind::Create, "a"),
        intent(IntentKind::Replace, "b"),
        intent(IntentKind::Update, "c"),
        intent(IntentKind::Update, "d"),
        intent(IntentKind::Delete, "e"),
        intent(IntentKind::Create, "f"),
    ];
    let mut journal = Journal::new(begin(intents));
    for (name, outcome) in [
        ("a", written("a")),
        ("b", deleted("b")),
        ("c", failed(false)),
        ("d", failed(true)),
        ("e", deleted("e")),
    ] {
        journal.outcomes.push((address(name), outcome));
    }
    let doubts = |journal: &Journal| {
        let names = journal.in_doubt().into_iter().map(|intent| intent.target.identity.name);
        names.collect::<Vec<_>>()
    };
    // b was deleted and perhaps created again; f was perhaps under way.
    assert_eq!(doubts(&journal), ["b", "d", "f"]);
    journal.end = Some(RunEnd::Failed);
    assert_eq!(doubts(&journal), ["d"], "a run that ends by itself knows what was not tried");
    journal.in_flight = ["a", "b", "f"].map(address).into();
    assert_eq!(
        doubts(&journal),
        ["b", "d", "f"],
        "what was under way has no answer, whatever was answered has"
    );
}

#[test]
fn what_format_1_wrote_is_read() {
    let killed = read(&format_1("journal")).unwrap().unwrap();
    assert_eq!((killed.begin.format_version, killed.outcomes.len(), killed.end), (1, 6, None));
    let names = |journal: &Journal| {
        journal.in_doubt().iter().map(|intent| intent.address.block.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&killed), ["silent", "waiting"]);
    let ended = read(&format_1("journal-ended")).unwrap().unwrap();
    assert_eq!((ended.end, ended.in_flight.len()), (Some(RunEnd::Stopped), 0));
    assert_eq!(names(&ended), ["silent"], "what was never answered is in doubt without a list as well");
    let Outcome::Written { resource } = &ended.outcomes[1].1 else { panic!("{:?}", ended.outcomes[1]) };
    assert_eq!(resource.readiness, crate::state::Readiness::Ready);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }

    #[test]
    fn arbitrary_bytes_behind_whole_lines_change_nothing_before_them(
        kept in 1_usize..6,
        tail in proptest::collection::vec(any::<u8>(), 1..100),
    ) {
        let lines = lines(&records());
        let mut bytes = lines[..kept].concat();
        bytes.extend(&tail);
        match read(&bytes) {
            Ok(Some(journal)) => prop_assert_eq!(journal.outcomes.len(), kept - 1),
            Ok(None) => prop_assert!(false, "the beginning is there"),
            Err(error) => prop_assert!(tail.contains(&b'\n'), "{}", error),
        }
    }
}
