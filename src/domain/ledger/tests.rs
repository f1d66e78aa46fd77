//! The parts against a naive answer, second by second, and planted bugs that the comparison must catch.

use proptest::prelude::*;

use super::*;

/// Seconds from the beginning of a small world.
fn at(second: i64) -> Instant {
    Instant::from_seconds(second)
}

fn window(from: i64, until: i64) -> Window {
    Window::new(at(from), at(until)).unwrap()
}

fn holding(license: u32, seat: &str, times: [i64; 3], until: Option<i64>) -> Holding {
    let [claimed, attached, leaving] = times.map(at);
    Holding {
        license,
        seat: SeatId::new(seat),
        tenant: Some(TenantId::new("acme")),
        claimed,
        attached,
        leaving: until.map(|_| leaving),
        until: until.map(at),
    }
}

fn use_of(meeting: &str, seat: &str, runs: bool, from: i64, until: Option<i64>) -> Use {
    Use {
        meeting: MeetingId::new(meeting),
        tenant: TenantId::new("acme"),
        host: UserId::new("bo"),
        seat: SeatId::new(seat),
        runs,
        from: at(from),
        until: until.map(at),
    }
}

/// What the license does in one second, found without the engine.
fn naive(holding: &Holding, uses: &[Use], at: Instant) -> Part {
    let on_seat = || uses.iter().filter(|one| one.seat == holding.seat && one.from <= at && one.until.is_none_or(|end| at < end));
    if at < holding.attached || holding.leaving.is_some_and(|leaving| leaving <= at) {
        Part::Moving
    } else if on_seat().any(|one| one.runs) {
        Part::Live
    } else if on_seat().next().is_some() {
        Part::Ready
    } else {
        Part::Idle
    }
}

type Engine = fn(&[Holding], &[Use], Window) -> Vec<Piece>;

/// What is wrong with an engine's answer; every holding has a license number of its own.
fn broken(engine: Engine, holdings: &[Holding], uses: &[Use], within: Window) -> Option<String> {
    let pieces = engine(holdings, uses, within);
    let mut whole = 0;
    for holding in holdings {
        let end = holding.until.unwrap_or(within.end()).min(within.end());
        for second in holding.claimed.max(within.start()).seconds()..end.seconds() {
            whole += 1;
            let here: Vec<&Piece> =
                pieces.iter().filter(|piece| piece.license == holding.license && piece.window.contains(at(second))).collect();
            let expected = naive(holding, uses, at(second));
            if here.len() != 1 || here[0].part != expected {
                return Some(format!("license {} at {second}: {expected:?}, not {here:?}", holding.license));
            }
        }
    }
    let sum = Sums::of(&pieces).whole().as_seconds();
    (sum != whole).then(|| format!("{sum} seconds of {whole}"))
}

prop_compose! {
    fn any_holding(license: u32)(
        seat in 0..3,
        times in proptest::array::uniform4(0_i64..120),
        open in any::<bool>(),
    ) -> Holding {
        let mut times = times;
        times.sort_unstable();
        holding(license, &format!("seat{seat}"), [times[0], times[1], times[2]], (!open).then_some(times[3]))
    }
}

prop_compose! {
    fn any_use()(seat in 0..3, meeting in 0..4, runs in any::<bool>(), from in 0_i64..120, length in 0_i64..40, open in 0..8) -> Use {
        use_of(&format!("m{meeting}"), &format!("seat{seat}"), runs, from, (open > 0).then_some(from + length))
    }
}

fn any_world() -> impl Strategy<Value = (Vec<Holding>, Vec<Use>, Window)> {
    let holdings = (1..4_u32).prop_flat_map(|count| (0..count).map(any_holding).collect::<Vec<_>>());
    let within = (0_i64..60, 1_i64..100).prop_map(|(from, length)| window(from, from + length));
    (holdings, proptest::collection::vec(any_use(), 0..8), within)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_second_is_one_thing_and_the_parts_add_up_to_the_whole((holdings, uses, within) in any_world()) {
        prop_assert_eq!(broken(partition, &holdings, &uses, within), None);
    }

    #[test]
    fn cut_into_days_nothing_is_lost((holdings, uses, within) in any_world(), length in 1_i64..30) {
        let pieces = partition(&holdings, &uses, within);
        let starts = (within.start().seconds()..within.end().seconds()).step_by(usize::try_from(length).unwrap());
        let days: Vec<Window> = starts.map(|start| window(start, start + length)).collect();
        let cut = by_day(&pieces, &days);
        prop_assert_eq!(Sums::of(cut.iter().flatten()), Sums::of(&pieces));
        let highest = cut.iter().map(|day| peak(day, Part::is_attached)).max().unwrap_or_default();
        prop_assert_eq!(highest, peak(&pieces, Part::is_attached));
    }

    #[test]
    fn the_peak_is_the_greatest_depth((holdings, uses, within) in any_world()) {
        let pieces = partition(&holdings, &uses, within);
        let depth = |second| pieces.iter().filter(|piece| piece.part == Part::Live && piece.window.contains(at(second))).count();
        let deepest = (within.start().seconds()..within.end().seconds()).map(depth).max().unwrap_or_default();
        prop_assert_eq!(peak(&pieces, |part| part == Part::Live) as usize, deepest);
    }
}

/// Counts a meeting that runs and the next one's lead both, where they overlap.
fn counts_overlaps_twice(holdings: &[Holding], uses: &[Use], within: Window) -> Vec<Piece> {
    let (running, waiting): (Vec<Use>, Vec<Use>) = uses.iter().cloned().partition(|one| one.runs);
    let ready = partition(holdings, &waiting, within).into_iter().filter(|piece| piece.part == Part::Ready);
    let rest = partition(holdings, &running, within);
    rest.into_iter().chain(ready).collect()
}

/// Forgets the last second of every piece, as if a window contained its end.
fn stops_one_second_early(holdings: &[Holding], uses: &[Use], within: Window) -> Vec<Piece> {
    let shorter = |piece: Piece| {
        Window::new(piece.window.start(), piece.window.end() - Span::seconds(1)).map(|window| Piece { window, ..piece })
    };
    partition(holdings, uses, within).into_iter().filter_map(shorter).collect()
}

/// Takes a license for attached from its claim on.
fn forgets_the_way_there(holdings: &[Holding], uses: &[Use], within: Window) -> Vec<Piece> {
    let at_once: Vec<Holding> = holdings.iter().map(|one| Holding { attached: one.claimed, ..one.clone() }).collect();
    partition(&at_once, uses, within)
}

/// Leaves out what is still going on.
fn forgets_what_is_open(holdings: &[Holding], uses: &[Use], within: Window) -> Vec<Piece> {
    let closed: Vec<Use> = uses.iter().filter(|one| one.until.is_some()).cloned().collect();
    partition(holdings, &closed, within)
}

#[test]
fn planted_bugs_are_caught() {
    let holdings = [holding(1, "seat0", [0, 3, 90], Some(100)), holding(2, "seat1", [5, 6, 0], None)];
    let uses = [
        use_of("m0", "seat0", false, 3, Some(10)),
        use_of("m0", "seat0", true, 10, Some(50)),
        use_of("m1", "seat0", false, 40, Some(60)),
        use_of("m2", "seat1", true, 20, None),
    ];
    let within = window(0, 110);
    assert_eq!(broken(partition, &holdings, &uses, within), None);
    let bugs: [Engine; 4] = [counts_overlaps_twice, stops_one_second_early, forgets_the_way_there, forgets_what_is_open];
    for (number, bug) in bugs.into_iter().enumerate() {
        assert!(broken(bug, &holdings, &uses, within).is_some(), "bug {number}");
    }
}

#[test]
fn a_license_s_hour_reads_like_a_story() {
    let holdings = [holding(1, "seat0", [0, 60, 3000], Some(3060))];
    let uses = [use_of("m0", "seat0", false, 0, Some(300)), use_of("m0", "seat0", true, 300, Some(2880))];
    let pieces = partition(&holdings, &uses, window(0, 3600));
    let story: Vec<(Part, i64)> = pieces.iter().map(|piece| (piece.part, piece.window.length().as_seconds())).collect();
    assert_eq!(story, [(Part::Moving, 60), (Part::Ready, 240), (Part::Live, 2580), (Part::Idle, 120), (Part::Moving, 60)]);
    assert_eq!(pieces[2].meeting.as_ref().unwrap().0, MeetingId::new("m0"));
    assert_eq!(Sums::of(&pieces).idle_share(), Some(4));
}

#[test]
fn a_seat_of_the_pool_is_charged_to_whose_meeting_it_serves() {
    let holdings = [Holding { tenant: None, ..holding(1, "seat0", [0, 0, 0], None) }];
    let globex = Use { tenant: TenantId::new("globex"), ..use_of("m0", "seat0", true, 10, Some(20)) };
    let sums = sums_by(&partition(&holdings, &[globex], window(0, 30)), |piece| piece.tenant.clone());
    assert_eq!(sums[&Some(TenantId::new("globex"))].live, Span::seconds(10));
    assert_eq!(sums[&None].idle, Span::seconds(20));
}

#[test]
fn nothing_has_no_share() {
    assert_eq!((Sums::default().idle_share(), peak(&[], |_| true)), (None, 0));
}
