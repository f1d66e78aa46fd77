//! How many licenses a load needs when whoever finds none is turned away: the formulas of A. K. Erlang (1917) and
//! T. O. Engset (1918), by recursions that neither overflow nor lose digits.
//!
//! The load is counted in erlangs: requests in a unit of time, times how long each holds its license. For us that is from the
//! lead to the end of the grace, not the meeting alone. Both formulas speak of requests that come one by one; meetings begin
//! together on the hour and are booked ahead, so the answer is a first quote, and replayed days are the exact one.

/// The natural logarithm of the share of requests that find all of `licenses` in use, for `offered` erlangs from very many
/// hosts: Erlang-B. With I(n) = 1/B(n): I(n) = 1 + n/A · I(n-1), carried in logarithms, so that thousands of licenses do not
/// overflow.
pub fn ln_erlang_b(licenses: u32, offered: f64) -> f64 {
    if offered <= 0.0 {
        return if licenses == 0 { 0.0 } else { f64::NEG_INFINITY };
    }
    let ln_inverse = (1..=licenses).fold(0.0_f64, |ln_inverse, n| one_more((f64::from(n) / offered).ln() + ln_inverse));
    -ln_inverse
}

/// The share of requests that find all of `licenses` in use: Erlang-B.
pub fn erlang_b(licenses: u32, offered: f64) -> f64 {
    ln_erlang_b(licenses, offered).exp()
}

/// The fewest licenses with which no more than `share` of the requests are turned away. `share` lies between 0 and 1, both
/// excluded; anything else is taken to the nearest that makes sense.
pub fn licenses_for(offered: f64, share: f64) -> u32 {
    let ln_share = share.clamp(f64::MIN_POSITIVE, 1.0).ln();
    let (mut licenses, mut ln_inverse) = (0, 0.0_f64);
    while offered > 0.0 && -ln_inverse > ln_share {
        licenses += 1;
        ln_inverse = one_more((f64::from(licenses) / offered).ln() + ln_inverse);
    }
    licenses
}

/// The most erlangs that `licenses` can be offered while no more than `share` of the requests are turned away.
pub fn most_offered(licenses: u32, share: f64) -> f64 {
    let (mut fits, mut too_much) = (0.0, f64::from(licenses + 1) / (1.0 - share).max(0.01) + 1.0);
    for _ in 0..200 {
        let middle = f64::midpoint(fits, too_much);
        if erlang_b(licenses, middle) <= share {
            fits = middle;
        } else {
            too_much = middle;
        }
    }
    fits
}

/// The share of requests that find all of `licenses` in use when `hosts` hosts meet one at a time, each free one asking with
/// `idle_load` erlangs: Engset's call congestion. Never more than Erlang-B gives, and nothing once everybody has a license.
pub fn engset(hosts: u32, licenses: u32, idle_load: f64) -> f64 {
    (1..=licenses).fold(1.0, |blocked, n| {
        let offered = idle_load * f64::from(hosts.saturating_sub(n)) * blocked;
        offered / (f64::from(n) + offered)
    })
}

/// The fewest licenses with which `hosts` hosts are turned away no more often than `share`.
pub fn licenses_for_hosts(hosts: u32, idle_load: f64, share: f64) -> u32 {
    (0..hosts).find(|licenses| engset(hosts, *licenses, idle_load) <= share).unwrap_or(hosts)
}

/// ln(1 + e^x).
fn one_more(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_close(value: f64, expected: f64, digits: f64) -> bool {
        (value - expected).abs() <= expected.abs() * 10_f64.powf(-digits)
    }

    #[test]
    fn erlang_b_gives_the_published_and_the_exact_values() {
        for (licenses, offered, expected) in [
            (1, 1.0, 0.5),
            (2, 1.0, 0.2),
            (5, 3.0, 81.0 / 736.0),
            (10, 5.0, 0.018_384_570_3),
            (34, 20.0, 0.001_201_192_9),
            (15, 8.108, 0.009_999_631_9),
            (30, 25.0, 0.052_603_172_2),
            (132, 123.0, 0.031_242_821_0),
            (10, 20.0, 0.537_963_168_6),
            (200, 180.0, 0.010_324_995_2),
        ] {
            let blocked = erlang_b(licenses, offered);
            assert!(is_close(blocked, expected, 8.0), "B({licenses}, {offered}) = {blocked}, not {expected}");
        }
    }

    #[test]
    fn very_many_licenses_and_very_small_shares_keep_their_digits() {
        for (licenses, offered, expected) in [
            (100, 120.0, -1.628_264_070_41),
            (10_000, 12_000.0, -1.789_277_346_49),
            (100, 20.0, -84.166_148_200_2),
            (10_000, 200.0, -29_325.754_171_3),
            (100, 10_000.0, -0.010_049_315_75),
        ] {
            let ln = ln_erlang_b(licenses, offered);
            assert!(is_close(ln, expected, 9.0), "ln B({licenses}, {offered}) = {ln}, not {expected}");
        }
    }

    #[test]
    fn licenses_for_a_load_are_the_fewest() {
        let loads = [0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 50.0, 75.0, 100.0, 150.0, 200.0];
        for (share, expected) in [
            (0.01, [4, 5, 7, 8, 11, 15, 18, 24, 30, 42, 64, 91, 117, 170, 221]),
            (0.001, [5, 6, 8, 10, 14, 18, 21, 28, 35, 47, 71, 100, 128, 183, 238]),
            (0.0001, [6, 7, 10, 12, 16, 20, 24, 32, 39, 52, 77, 107, 137, 194, 249]),
        ] {
            assert_eq!(loads.map(|load| licenses_for(load, share)), expected);
        }
        for load in loads {
            let licenses = licenses_for(load, 0.02);
            assert!(erlang_b(licenses, load) <= 0.02 && erlang_b(licenses - 1, load) > 0.02);
        }
    }

    #[test]
    fn the_most_that_can_be_offered_matches_the_tables() {
        // At 2 %; two printed tables have misprints at 45 and 61, so these come from the recursion (quality.md B2).
        for (licenses, expected) in [(7, 2.935), (11, 5.842), (15, 9.010), (29, 21.039), (45, 35.607), (61, 50.589), (89, 77.342)]
        {
            let offered = most_offered(licenses, 0.02);
            assert!((offered - expected).abs() < 0.0006, "{licenses}: {offered}, not {expected}");
        }
        for (licenses, one, tenth) in [
            (5, 1.361, 0.762),
            (10, 4.461, 3.092),
            (15, 8.108, 6.077),
            (20, 12.031, 9.412),
            (50, 37.901, 32.512),
            (100, 84.064, 75.242),
        ] {
            assert!(
                (most_offered(licenses, 0.01) - one).abs() < 0.0006 && (most_offered(licenses, 0.001) - tenth).abs() < 0.0006
            );
        }
    }

    #[test]
    fn few_hosts_are_turned_away_less_often() {
        assert!(is_close(engset(6, 3, 0.25), 0.051_546_391_8, 8.0));
        assert!(is_close(engset(20, 5, 0.1), 0.019_115_945_1, 8.0));
        assert_eq!((engset(5, 5, 0.4), engset(5, 9, 0.4)), (0.0, 0.0), "everybody has one");
        for licenses in 1..12 {
            let load = 12.0 * 0.3 / 1.3;
            assert!(engset(12, licenses, 0.3) < erlang_b(licenses, load * 1.3), "{licenses}");
        }
        let licenses = licenses_for_hosts(20, 0.1, 0.01);
        assert!(engset(20, licenses, 0.1) <= 0.01 && engset(20, licenses - 1, 0.1) > 0.01);
    }

    #[test]
    fn nothing_offered_needs_nothing_and_no_license_serves_nobody() {
        assert_eq!((licenses_for(0.0, 0.01), erlang_b(3, 0.0)), (0, 0.0));
        assert_eq!((erlang_b(0, 5.0), engset(5, 0, 0.2)), (1.0, 1.0));
    }

    #[test]
    fn a_wrong_recursion_would_not_match() {
        // Planted: n and A swapped, the slip one makes most easily.
        let swapped = |licenses: u32, offered: f64| {
            (1..=licenses).fold(1.0, |blocked, n| f64::from(n) * blocked / (offered + f64::from(n) * blocked))
        };
        assert!(!is_close(swapped(5, 3.0), 81.0 / 736.0, 3.0));
    }
}
