//! What a page offers instead of a refused time: the nearest ones that would be accepted, each one button of the same form.

use crate::domain::admission::Refusal;
use crate::domain::names::ZoneName;
use crate::domain::time::Instant;
use crate::domain::when;

use super::super::forms::Errors;

/// Times to choose from, with why.
#[derive(Clone, Debug)]
pub(super) struct Offers {
    /// Why they are offered.
    pub(super) title: String,
    /// What to do.
    pub(super) words: String,
    /// The times; may be none.
    pub(super) times: Vec<Offered>,
    /// What waiting in line would mean, where that helps.
    pub(super) wait: Option<String>,
}

/// One time.
#[derive(Clone, Debug)]
pub(super) struct Offered {
    /// What the button sends as `start`.
    pub(super) value: String,
    /// What it says.
    pub(super) label: String,
}

/// Whom a refusal is told about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Host<'a> {
    /// Whoever reads it.
    You,
    /// Somebody for whom an admin books.
    Other(&'a str),
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Who would host it.
    pub(super) host: Host<'a>,
    /// Whether it was to begin at once.
    pub(super) on_the_spot: bool,
    /// The time.
    pub(super) now: Instant,
    /// The zone in which times are told.
    pub(super) zone: &'a ZoneName,
}

impl Offers {
    /// After a refusal: why, what helps, the nearest times, and what waiting would mean. The same goes to the errors' summary.
    pub(super) fn after(
        refusal: Refusal,
        asked: &Asked<'_>,
        nearest: &[Instant],
        wait: Option<String>,
        errors: &mut Errors,
    ) -> Self {
        let (zone, help) = (asked.zone, if asked.on_the_spot { help_now(refusal) } else { help(refusal) });
        let title = if asked.on_the_spot { reason_now(refusal).to_owned() } else { reason(refusal, asked.host) };
        let times: Vec<Offered> = nearest.iter().map(|at| Offered::new(*at, offer_label(*at, asked.now, zone))).collect();
        errors.add(field(refusal, !times.is_empty() || wait.is_some()), title.clone());
        let words = match nearest.first() {
            Some(first) => format!("{help} Nearest times that are free, {}:", when::zone_label(*first, zone)),
            None => format!("{help} {}", without_times(refusal, wait.is_some())),
        };
        Self { title, words: words.trim().to_owned(), times, wait }
    }

    /// The two instants that one time on the wall can mean.
    pub(super) fn of_the_two(first: Instant, second: Instant, zone: &ZoneName) -> Self {
        let times = [first, second].map(|at| Offered::new(at, when::time(at, zone))).to_vec();
        let words =
            format!("The clocks go back then, first {}, then {}.", when::zone_label(first, zone), when::zone_label(second, zone));
        Self { title: "That time happens twice".to_owned(), words, times, wait: None }
    }
}

impl Offered {
    fn new(at: Instant, label: String) -> Self {
        Self { value: at.seconds().to_string(), label }
    }
}

/// What to do when there is no time to offer: a refusal always shows a way on.
const fn without_times(refusal: Refusal, can_wait: bool) -> &'static str {
    match refusal {
        Refusal::NoSeat | Refusal::TooSoon | Refusal::TooFar => "",
        Refusal::SeatBusy => {
            "No free time was found in the next two months. Choose a shorter meeting, or ask a colleague to host it."
        }
        _ if can_wait => "No free time was found in the next two months.",
        Refusal::TenantCap | Refusal::PoolFull | Refusal::LicenseFrozen => {
            "No free time was found in the next two months. Choose a shorter meeting, or ask an administrator to talk to the \
             operator of this portal about more licenses."
        }
    }
}

fn offer_label(at: Instant, now: Instant, zone: &ZoneName) -> String {
    format!("{}, {}", when::relative_day(at, now, zone), when::time(at, zone))
}

/// Where the summary leads: to the offered times, or to the field that has to change.
const fn field(refusal: Refusal, offers: bool) -> &'static str {
    match refusal {
        Refusal::NoSeat => "",
        _ if offers => "offers",
        Refusal::TooSoon | Refusal::TooFar => "date",
        Refusal::SeatBusy | Refusal::TenantCap | Refusal::PoolFull | Refusal::LicenseFrozen => "time",
    }
}

fn reason(refusal: Refusal, host: Host<'_>) -> String {
    match (refusal, host) {
        (Refusal::SeatBusy, Host::Other(name)) => format!("{name} already has a meeting at that time."),
        (Refusal::NoSeat, Host::Other(name)) => format!("{name} has no Zoom seat yet."),
        _ => refusal.message().to_owned(),
    }
}

/// The same of a meeting that was to begin at once, which its host asks for themselves.
const fn reason_now(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::SeatBusy => "You or your Zoom seat are in a meeting, or have one before this one would be over.",
        Refusal::TenantCap => "Your organization is using all of its licenses, or needs them before this meeting would be over.",
        Refusal::PoolFull => "All licenses are in use, or reserved for meetings that begin before this one would be over.",
        Refusal::LicenseFrozen => "Zoom is not letting licenses move at the moment.",
        Refusal::NoSeat | Refusal::TooSoon | Refusal::TooFar => refusal.message(),
    }
}

const fn help_now(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::SeatBusy => "One host can be in one meeting at a time. A shorter meeting may fit.",
        Refusal::TenantCap | Refusal::PoolFull => "A shorter meeting may fit.",
        Refusal::LicenseFrozen | Refusal::NoSeat | Refusal::TooSoon | Refusal::TooFar => help(refusal),
    }
}

const fn help(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::SeatBusy => "One host can be in one meeting at a time.",
        Refusal::TenantCap => "A meeting that ends or is cancelled makes room.",
        Refusal::PoolFull => "A meeting would have no license then, and Zoom would end it after 40 minutes.",
        Refusal::NoSeat => "Zoom seats are assigned by the operator of this portal. Until then no meeting can be booked.",
        Refusal::TooSoon | Refusal::TooFar => "",
        Refusal::LicenseFrozen => "Zoom limits how often licenses move, and the limit is reached for now.",
    }
}
