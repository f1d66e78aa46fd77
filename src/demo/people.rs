//! The cast of the demo: three tenants, their people, and the Zoom users they host on.

use crate::domain::seat::License;
use crate::domain::time::Instant;
use crate::zoom::simulator::SharedWorld;

/// Everybody's password in the demo.
pub const PASSWORD: &str = "three quiet lighthouses";
/// The demo's operator.
pub(super) const OPERATOR_EMAIL: &str = "operator@duologue.example";
/// Their name.
pub(super) const OPERATOR_NAME: &str = "Robin Quayle";

/// A tenant of the demo.
pub(super) struct DemoTenant {
    /// Its part of the URL.
    pub(super) slug: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// Its zone.
    pub(super) zone: &'static str,
    /// The most licenses it may use at once.
    pub(super) cap: u32,
    /// Licenses kept for it.
    pub(super) guarantee: u32,
    /// Its people; the first is its admin.
    pub(super) users: &'static [DemoUser],
    /// What its meetings are about.
    pub(super) topics: &'static [&'static str],
    /// Its clients, by name and address.
    pub(super) clients: &'static [(&'static str, &'static str)],
}

/// A user of the demo.
pub(super) struct DemoUser {
    /// Their name.
    pub(super) name: &'static str,
    /// Their address.
    pub(super) email: &'static str,
    /// Whether they manage the tenant.
    pub(super) admin: bool,
}

const fn user(name: &'static str, email: &'static str, admin: bool) -> DemoUser {
    DemoUser { name, email, admin }
}

/// The tenants.
pub(super) const TENANTS: &[DemoTenant] = &[
    DemoTenant {
        slug: "north-clinic",
        name: "North Clinic",
        zone: "Europe/Madrid",
        cap: 3,
        guarantee: 1,
        users: &[
            user("Ana Ruiz", "ana@north-clinic.example", true),
            user("Ben Okafor", "ben@north-clinic.example", false),
            user("Carla Weiss", "carla@north-clinic.example", false),
        ],
        topics: &["Follow-up after surgery", "First consultation", "Reading the lab results"],
        clients: &[("Gil Moreno", "gil@mail.example"), ("Hana Sato", "hana@mail.example"), ("Igor Petrov", "igor@mail.example")],
    },
    DemoTenant {
        slug: "river-school",
        name: "River School",
        zone: "America/New_York",
        cap: 2,
        guarantee: 0,
        users: &[
            user("Dora Lindqvist", "dora@river-school.example", true),
            user("Eli Brandt", "eli@river-school.example", false),
            user("Fay Nakamura", "fay@river-school.example", false),
        ],
        topics: &["Parents' evening", "Reading support", "Choosing courses"],
        clients: &[("Jo March", "jo@mail.example"), ("Kim Adeyemi", "kim@mail.example"), ("Lev Aronson", "lev@mail.example")],
    },
    DemoTenant {
        slug: "hale-law",
        name: "Hale & Partners",
        zone: "Europe/London",
        cap: 2,
        guarantee: 0,
        users: &[
            user("Greta Hale", "greta@hale-law.example", true),
            user("Hugo Hale", "hugo@hale-law.example", false),
            user("Iris Chen", "iris@hale-law.example", false),
        ],
        topics: &["Lease review", "Estate planning", "Contract questions"],
        clients: &[("Mia Rossi", "mia@mail.example"), ("Noor Haddad", "noor@mail.example"), ("Otis Bell", "otis@mail.example")],
    },
];

/// The address of the Zoom user that serves as the `number`th seat.
pub(super) fn seat_email(number: usize) -> String {
    format!("zoom-user-{number}@duologue.example")
}

/// How many Zoom users the company has: one for each user, and two that nobody uses yet.
pub(super) fn seats() -> usize {
    TENANTS.iter().map(|tenant| tenant.users.len()).sum::<usize>() + 2
}

/// Makes the Zoom users in the simulated account.
pub(super) fn hire(world: &SharedWorld, now: Instant) {
    let mut world = world.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for number in 1..=seats() {
        world.add_user(now.seconds() * 1000, &seat_email(number), "Seat", &number.to_string(), License::Basic);
    }
}
