//! How sure a share is that was counted on some days and is meant for others.

use serde::Serialize;

/// A share of the wishes, with the interval in which it lies in 95 of 100 such counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Rate {
    /// What was counted.
    pub(super) share: f64,
    /// The lower end.
    pub(super) low: f64,
    /// The upper end.
    pub(super) high: f64,
}

/// The share of refusals over days with so many (refused, asked) each. The days are what is independent: on one day refusals
/// come in clusters, so counting each by itself would promise too much. The spread is that of a ratio of two sums (W. G. Cochran,
/// Sampling Techniques, 1977, chapter 6), and few days are allowed for by Student's t. When nothing was refused the upper end is
/// the share at which that would happen once in twenty.
pub(super) fn rate(days: &[(u32, u32)]) -> Rate {
    let days: Vec<(f64, f64)> =
        days.iter().filter(|(_, asked)| *asked > 0).map(|(refused, asked)| (f64::from(*refused), f64::from(*asked))).collect();
    let (refused, asked) = days.iter().fold((0.0, 0.0), |sum, day| (sum.0 + day.0, sum.1 + day.1));
    if asked == 0.0 {
        return Rate { share: 0.0, low: 0.0, high: 1.0 };
    }
    let share = refused / asked;
    let count = days.len() as f64;
    if refused == 0.0 {
        // Each day is one trial here: on so many, none was bad.
        return Rate { share, low: 0.0, high: 1.0 - 0.05_f64.powf(1.0 / asked) };
    }
    if count < 2.0 {
        return Rate { share, low: 0.0, high: 1.0 };
    }
    let squares: f64 = days.iter().map(|(refused, asked)| (refused - share * asked).powi(2)).sum();
    let error = (squares * count / (count - 1.0)).sqrt() / asked;
    let reach = student(count - 1.0) * error;
    Rate { share, low: (share - reach).max(0.0), high: (share + reach).min(1.0) }
}

/// Student's t that 95 of 100 stay within, by the first terms of its expansion around the normal distribution (Cornish and
/// Fisher, 1938).
fn student(freedom: f64) -> f64 {
    let z: f64 = 1.959_964;
    z + (z.powi(3) + z) / (4.0 * freedom) + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * freedom.powi(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_days_leave_no_doubt_and_unequal_ones_do() {
        let sure = rate(&[(1, 100); 30]);
        assert_eq!((sure.share, sure.low, sure.high), (0.01, 0.01, 0.01));
        let mut days = [(0, 100); 30];
        days[0] = (30, 100);
        let unsure = rate(&days);
        assert!((unsure.share - 0.01).abs() < 1e-12 && unsure.low == 0.0 && unsure.high > 0.03, "{unsure:?}");
    }

    #[test]
    fn days_on_which_nobody_asked_say_nothing() {
        assert_eq!(rate(&[(1, 10), (3, 10), (0, 0)]), rate(&[(1, 10), (3, 10)]));
        assert_eq!(rate(&[]), Rate { share: 0.0, low: 0.0, high: 1.0 });
    }

    #[test]
    fn no_refusal_is_no_proof_that_there_will_be_none() {
        // The rule of three: 3/n for n wishes.
        let none = rate(&[(0, 100); 3]);
        assert!(none.share == 0.0 && (none.high - 0.00994).abs() < 0.0001, "{none:?}");
    }

    #[test]
    fn students_t_is_that_of_the_tables() {
        for (freedom, expected) in [(5.0, 2.571), (10.0, 2.228), (29.0, 2.045), (1000.0, 1.962)] {
            assert!((student(freedom) - expected).abs() < 0.03, "{freedom}: {}", student(freedom));
        }
    }
}
