//! The cast: *Acme* and *Globex* are tenants; Ana is Acme's admin, Bo its staff, Cy is Globex's and must see nothing of Acme;
//! Gil is the client. Ids are the words of the play, so that a failure reads well.

use duologue::domain::ids::{ClientId, MeetingId, SeatId, TenantId, UserId};
use duologue::domain::meeting::{Kind, Meeting, State};
use duologue::domain::names::{EmailAddress, IdempotencyKey, PersonName, Slug, Topic, ZoneName};
use duologue::domain::seat::{License, Seat, SeatStatus};
use duologue::domain::tenant::{Role, Share, Standing, Tenant, User};
use duologue::domain::time::{Instant, Span, Window};
use duologue::store::clients::{self, Client};
use duologue::store::scope::TenantScope;
use duologue::store::{meetings, seats, tenants, users};

use super::database::{Database, change};

/// Tuesday 24 November 2026, 10:00 UTC: the present of every test.
pub(crate) const NOW: Instant = Instant::from_seconds(1_795_514_400);

/// `minutes` from [`NOW`].
pub(crate) fn at(minutes: i64) -> Instant {
    NOW + Span::minutes(minutes)
}

/// From and until, in minutes from [`NOW`].
pub(crate) fn window(from: i64, until: i64) -> Window {
    Window::new(at(from), at(until)).unwrap()
}

pub(crate) fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

pub(crate) fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(&format!("{text:-<16}")).unwrap()
}

pub(crate) fn tenant(name: &str) -> Tenant {
    Tenant {
        id: TenantId::new(name),
        slug: Slug::parse(name).unwrap(),
        name: PersonName::parse(name).unwrap(),
        zone: ZoneName::parse("Europe/Madrid").unwrap(),
        reply_to: None,
        default_length: Span::minutes(45),
        share: Share { guarantee: 0, cap: 1000 },
        shared_seats: true,
        short_meetings: false,
        suspended_at: None,
        created_at: NOW,
    }
}

pub(crate) fn user(tenant: &str, name: &str, role: Role) -> User {
    User {
        id: UserId::new(name),
        tenant: TenantId::new(tenant),
        email: email(&format!("{name}@{tenant}.example")),
        name: PersonName::parse(name).unwrap(),
        role,
        zone: None,
        standing: Standing::Invited,
        created_at: NOW,
    }
}

/// A seat that can host: `seat-bo` at `seat-bo@zoom.example`.
pub(crate) fn seat(name: &str, tenant: Option<&str>, user: Option<&str>) -> Seat {
    Seat {
        id: SeatId::new(name),
        zoom_user_id: Some(format!("zoom-{name}")),
        email: email(&format!("{name}@zoom.example")),
        name: name.to_owned(),
        tenant: tenant.map(TenantId::new),
        user: user.map(UserId::new),
        status: SeatStatus::Active,
        observed: License::Basic,
        observed_at: None,
    }
}

pub(crate) fn client(id: &str) -> Client {
    Client {
        id: ClientId::new(id),
        email: email(&format!("{id}@home.example")),
        name: PersonName::parse(id).unwrap(),
        zone: None,
    }
}

/// Bo's meeting with Gil at Acme, on Bo's seat.
pub(crate) fn meeting(id: &str, window: Window) -> Meeting {
    Meeting {
        id: MeetingId::new(id),
        tenant: TenantId::new("acme"),
        host: UserId::new("bo"),
        client: ClientId::new("gil"),
        seat: SeatId::new("seat-bo"),
        kind: Kind::Scheduled,
        topic: Topic::parse("First visit").unwrap(),
        window,
        wall_time: "2026-11-24T11:00".to_owned(),
        zone: ZoneName::parse("Europe/Madrid").unwrap(),
        hold: window.padded(Span::minutes(5), Span::minutes(5)),
        licensed: true,
        queued_at: None,
        announced: true,
        state: State::Booked,
        room: None,
        sequence: 0,
        link_version: 0,
        client_arrived_at: None,
        start_clicked_at: None,
        created_at: NOW,
    }
}

impl Database {
    /// The right to a tenant's data.
    pub(crate) fn scope(&self, tenant: &str) -> TenantScope {
        self.pass.scope(&TenantId::new(tenant))
    }

    /// Acme with Ana, Bo and their seats and the client Gil; Globex with Cy, his seat and the client Hal; one more seat,
    /// which is Acme's shared one.
    pub(crate) async fn with_cast(self) -> Self {
        let operator = self.operator();
        let scopes = [self.scope("acme"), self.scope("globex")];
        change(&self.store, move |tx| {
            tenants::insert(tx, &operator, &tenant("acme"))?;
            tenants::insert(tx, &operator, &tenant("globex"))?;
            let [acme, globex] = &scopes;
            users::insert(tx, acme, &user("acme", "ana", Role::Admin))?;
            users::insert(tx, acme, &user("acme", "bo", Role::Staff))?;
            users::insert(tx, globex, &user("globex", "cy", Role::Admin))?;
            for (name, tenant, user) in [
                ("seat-ana", "acme", Some("ana")),
                ("seat-bo", "acme", Some("bo")),
                ("seat-cy", "globex", Some("cy")),
                ("seat-shared", "acme", None),
            ] {
                seats::insert(tx, &operator, &seat(name, Some(tenant), user), NOW)?;
            }
            clients::remember(tx, acme, &client("gil"), NOW)?;
            clients::remember(tx, globex, &client("hal"), NOW)?;
            Ok(())
        })
        .await;
        self
    }

    /// Puts a meeting of Acme into the store; its link's hash is `link-` and its key `key-` with the meeting's id.
    pub(crate) async fn book(&self, meeting: Meeting) {
        let scope = self.scope(meeting.tenant.as_str());
        change(&self.store, move |tx| {
            let id = meeting.id.as_str();
            meetings::insert(tx, &scope, &meeting, &format!("link-{id}"), &key(&format!("key-{id}")))
        })
        .await;
    }
}
