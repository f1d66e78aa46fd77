//! Tenants, users, clients, seats and the audit: kept as they were given, unique where they must be, in a fixed order.

use duologue::domain::ids::{ClientId, MeetingId, SeatId, TenantId, UserId};
use duologue::domain::names::{PersonName, Slug, ZoneName};
use duologue::domain::seat::{License, Seat, SeatStatus};
use duologue::domain::tenant::{Role, Share, Standing, Tenant, User};
use duologue::domain::time::Span;
use duologue::store::audit::{self, Actor, Entry};
use duologue::store::clients::{self, Client};
use duologue::store::seats::{self, Observation};
use duologue::store::sessions::Owner;
use duologue::store::tenants::PublicTenant;
use duologue::store::{StoreError, accounts, tenants, users};

use crate::support::cast::{NOW, at, client, email, seat, tenant, user};
use crate::support::database::{Database, ask, both_databases, change};

async fn candidates(db: &Database, host: &'static str, shared: bool) -> Vec<String> {
    let scope = db.scope("acme");
    let seats = ask(&db.store, move |tx| seats::candidates(tx, &scope, &UserId::new(host), shared)).await;
    seats.into_iter().map(|seat| seat.id.to_string()).collect()
}

async fn assign(
    db: &Database,
    id: &'static str,
    tenant: Option<&'static str>,
    user: Option<&'static str>,
) -> Result<(), StoreError> {
    let operator = db.operator();
    db.store
        .write(move |tx| {
            let (tenant, user) = (tenant.map(TenantId::new), user.map(UserId::new));
            seats::assign(tx, &operator, &SeatId::new(id), tenant.as_ref(), user.as_ref())
        })
        .await
}

async fn bo(db: &Database) -> User {
    let scope = db.scope("acme");
    ask(&db.store, move |tx| users::find(tx, &scope, &UserId::new("bo"))).await.unwrap()
}

both_databases! {
    async fn a_tenant_is_kept_as_it_was_given(db: Database) {
        let globex = Tenant {
            reply_to: Some(email("desk@globex.example")),
            share: Share { guarantee: 2, cap: 9 },
            shared_seats: false,
            suspended_at: Some(at(1)),
            ..tenant("globex")
        };
        let operator = db.operator();
        let (first, second) = (globex.clone(), tenant("acme"));
        change(&db.store, move |tx| {
            tenants::insert(tx, &operator, &first)?;
            tenants::insert(tx, &operator, &second)
        })
        .await;
        let operator = db.operator();
        assert_eq!(ask(&db.store, move |tx| tenants::list(tx, &operator)).await, [tenant("acme"), globex.clone()], "by name");
        let operator = db.operator();
        let found = ask(&db.store, move |tx| tenants::find_by_slug(tx, &operator, &Slug::parse("globex").unwrap())).await;
        assert_eq!(found, Some(globex));
        let operator = db.operator();
        let taken = Tenant { id: TenantId::new("other"), ..tenant("acme") };
        let again: Result<(), StoreError> = db.store.write(move |tx| tenants::insert(tx, &operator, &taken)).await;
        assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
    }

    async fn a_tenants_details_and_share_are_changed_apart(db: Database) {
        let db = db.with_cast().await;
        let scope = db.scope("acme");
        let details = Tenant {
            name: PersonName::parse("Acme & Söhne").unwrap(),
            zone: ZoneName::utc(),
            reply_to: Some(email("desk@acme.example")),
            default_length: Span::minutes(30),
            share: Share { guarantee: 7, cap: 7 },
            ..tenant("acme")
        };
        let given = details.clone();
        change(&db.store, move |tx| tenants::set_details(tx, &scope, &given)).await;
        let scope = db.scope("acme");
        let kept = ask(&db.store, move |tx| tenants::get(tx, &scope)).await;
        assert_eq!(kept, Tenant { share: tenant("acme").share, ..details.clone() });
        let operator = db.operator();
        change(&db.store, move |tx| tenants::set_share(tx, &operator, &TenantId::new("acme"), Share { guarantee: 1, cap: 2 }, false)).await;
        let scope = db.scope("acme");
        let kept = ask(&db.store, move |tx| tenants::get(tx, &scope)).await;
        assert_eq!(kept, Tenant { share: Share { guarantee: 1, cap: 2 }, shared_seats: false, ..details });
        let scope = db.scope("globex");
        assert_eq!(ask(&db.store, move |tx| tenants::get(tx, &scope)).await, tenant("globex"));
        let scope = db.scope("nobody");
        let nobody: Result<Tenant, StoreError> = db.store.read(move |tx| tenants::get(tx, &scope)).await;
        assert!(matches!(nobody, Err(StoreError::NotFound("tenant"))), "{nobody:?}");
    }

    async fn a_suspended_tenant_has_no_public_face(db: Database) {
        let db = db.with_cast().await;
        let public = |db: &Database| {
            let store = db.store.clone();
            async move { ask(&store, |tx| tenants::public(tx, &Slug::parse("acme").unwrap())).await }
        };
        assert_eq!(public(&db).await, Some(PublicTenant { slug: Slug::parse("acme").unwrap(), name: "acme".to_owned() }));
        let operator = db.operator();
        change(&db.store, move |tx| tenants::set_suspended(tx, &operator, &TenantId::new("acme"), Some(NOW))).await;
        assert_eq!(public(&db).await, None);
    }

    async fn a_user_goes_from_invited_to_active_to_deactivated(db: Database) {
        let db = db.with_cast().await;
        assert_eq!(bo(&db).await, user("acme", "bo", Role::Staff));
        change(&db.store, |tx| accounts::set_password_hash(tx, &Owner::User(UserId::new("bo")), "hash")).await;
        assert_eq!(bo(&db).await.standing, Standing::Active);
        let scope = db.scope("acme");
        change(&db.store, move |tx| {
            users::set_deactivated(tx, &scope, &UserId::new("bo"), Some(at(3)))?;
            users::set_role(tx, &scope, &UserId::new("bo"), Role::Admin)?;
            users::set_profile(tx, &scope, &UserId::new("bo"), &PersonName::parse("Bo Li").unwrap(), Some(&ZoneName::utc()))
        })
        .await;
        let changed = bo(&db).await;
        assert_eq!((changed.standing, changed.role), (Standing::Deactivated(at(3)), Role::Admin));
        assert_eq!((changed.name.as_str(), changed.zone), ("Bo Li", Some(ZoneName::utc())));
        let scope = db.scope("acme");
        assert_eq!(ask(&db.store, move |tx| users::count_admins(tx, &scope)).await, 1, "a deactivated admin does not count");
        let scope = db.scope("acme");
        let users = ask(&db.store, move |tx| users::list(tx, &scope)).await;
        assert_eq!(users.len(), 2);
    }

    async fn an_address_is_unique_within_its_tenant_only(db: Database) {
        let db = db.with_cast().await;
        let same = User { id: UserId::new("bo2"), ..user("acme", "bo", Role::Staff) };
        for (tenant, is_new) in [("acme", false), ("globex", true)] {
            let (scope, same) = (db.scope(tenant), same.clone());
            let inserted: Result<(), StoreError> = db.store.write(move |tx| users::insert(tx, &scope, &same)).await;
            assert_eq!(inserted.is_ok(), is_new, "{inserted:?}");
            assert!(is_new || matches!(inserted, Err(StoreError::Duplicate(_))), "{inserted:?}");
        }
        let scope = db.scope("globex");
        let found = ask(&db.store, move |tx| users::find_by_email(tx, &scope, &email("bo@acme.example"))).await.unwrap();
        assert_eq!((found.id.as_str(), found.tenant.as_str()), ("bo2", "globex"));
    }

    async fn a_client_is_remembered_by_address(db: Database) {
        let db = db.with_cast().await;
        let scope = db.scope("acme");
        let renamed = Client { id: ClientId::new("new"), name: PersonName::parse("Gilbert").unwrap(), zone: Some(ZoneName::utc()), ..client("gil") };
        let known = change(&db.store, move |tx| clients::remember(tx, &scope, &renamed, NOW)).await;
        assert_eq!(known, ClientId::new("gil"));
        let scope = db.scope("acme");
        change(&db.store, move |tx| clients::remember(tx, &scope, &Client { name: PersonName::parse("Gilberta").unwrap(), ..client("gil") }, NOW)).await;
        let scope = db.scope("acme");
        let all = ask(&db.store, move |tx| clients::list(tx, &scope, 10)).await;
        assert_eq!(all, [Client { name: PersonName::parse("Gilberta").unwrap(), zone: Some(ZoneName::utc()), ..client("gil") }]);
        let scope = db.scope("globex");
        let other = change(&db.store, move |tx| clients::remember(tx, &scope, &Client { id: ClientId::new("gil-2"), ..client("gil") }, NOW)).await;
        assert_eq!(other, ClientId::new("gil-2"), "another tenant's client is another client");
    }

    async fn a_hosts_own_seat_comes_before_shared_ones(db: Database) {
        let db = db.with_cast().await;
        let operator = db.operator();
        change(&db.store, move |tx| {
            seats::insert(tx, &operator, &seat("a-shared", Some("acme"), None), NOW)?;
            seats::insert(tx, &operator, &Seat { status: SeatStatus::Pending, ..seat("b-pending", Some("acme"), None) }, NOW)?;
            seats::insert(tx, &operator, &Seat { zoom_user_id: None, ..seat("c-unknown", Some("acme"), None) }, NOW)?;
            seats::insert(tx, &operator, &seat("d-spare", None, None), NOW)
        })
        .await;
        assert_eq!(candidates(&db, "bo", true).await, ["seat-bo", "a-shared", "seat-shared"]);
        assert_eq!(candidates(&db, "bo", false).await, ["seat-bo"]);
        assert_eq!(candidates(&db, "cy", true).await, ["a-shared", "seat-shared"], "another tenant's user has no own seat here");
        let scope = db.scope("acme");
        change(&db.store, move |tx| seats::release_of_user(tx, &scope, &UserId::new("bo"))).await;
        assert_eq!(candidates(&db, "bo", true).await, ["a-shared", "seat-bo", "seat-shared"]);
    }

    async fn licenses_stand_on_seats_that_serve_somebody(db: Database) {
        let db = db.with_cast().await;
        let operator = db.operator();
        change(&db.store, move |tx| seats::insert(tx, &operator, &seat("of-the-pool", None, None), NOW)).await;
        let standing = async |db: &Database| {
            let pass = db.pass.clone();
            let seats = ask(&db.store, move |tx| seats::standing(tx, &pass)).await;
            seats.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(standing(&db).await, ["of-the-pool", "seat-shared", "seat-ana", "seat-bo", "seat-cy"]);
        let (operator, share) = (db.operator(), tenant("acme").share);
        change(&db.store, move |tx| tenants::set_share(tx, &operator, &TenantId::new("acme"), share, false)).await;
        assert_eq!(standing(&db).await, ["of-the-pool", "seat-ana", "seat-bo", "seat-cy"], "nobody may share it any more");
    }

    async fn a_seat_belongs_to_one_tenant_and_its_user(db: Database) {
        let db = db.with_cast().await;
        assert!(assign(&db, "seat-shared", Some("globex"), Some("bo")).await.is_err(), "Bo is not Globex's");
        let second = assign(&db, "seat-shared", Some("acme"), Some("bo")).await;
        assert!(matches!(second, Err(StoreError::Duplicate(_))), "Bo has a seat: {second:?}");
        assign(&db, "seat-bo", None, None).await.unwrap();
        assign(&db, "seat-shared", Some("acme"), Some("bo")).await.unwrap();
        assert_eq!(candidates(&db, "bo", true).await, ["seat-shared"]);
        let scope = db.scope("acme");
        let own = ask(&db.store, move |tx| seats::list_of_tenant(tx, &scope)).await;
        assert_eq!(own.iter().map(|seat| seat.id.as_str()).collect::<Vec<_>>(), ["seat-ana", "seat-shared"]);
        let operator = db.operator();
        assert_eq!(ask(&db.store, move |tx| seats::list(tx, &operator)).await.len(), 4);
    }

    async fn a_seat_is_as_zoom_last_described_it(db: Database) {
        let db = db.with_cast().await;
        let seen = Observation { zoom_user_id: Some("z9".to_owned()), status: SeatStatus::Inactive, license: License::Licensed, at: at(4) };
        change(&db.store, move |tx| seats::observe(tx, &SeatId::new("seat-bo"), &seen)).await;
        let pass = db.pass.clone();
        let found = ask(&db.store, move |tx| seats::find_by_zoom_user(tx, &pass, "z9")).await.unwrap();
        let expected = Seat {
            zoom_user_id: Some("z9".to_owned()),
            status: SeatStatus::Inactive,
            observed: License::Licensed,
            observed_at: Some(at(4)),
            ..seat("seat-bo", Some("acme"), Some("bo"))
        };
        assert_eq!(found, expected);
        change(&db.store, |tx| seats::observe_license(tx, &SeatId::new("seat-bo"), License::Basic, at(5))).await;
        let found = ask(&db.store, |tx| seats::find(tx, &SeatId::new("seat-bo"))).await;
        assert_eq!(found, Some(Seat { observed: License::Basic, observed_at: Some(at(5)), ..expected }));
        let operator = db.operator();
        let by_email = ask(&db.store, move |tx| seats::find_by_email(tx, &operator, &email("seat-bo@zoom.example"))).await;
        assert_eq!(by_email.unwrap().id, SeatId::new("seat-bo"));
        for twin in [Seat { id: SeatId::new("t1"), ..seat("seat-ana", None, None) }, Seat { zoom_user_id: Some("z9".to_owned()), ..seat("t2", None, None) }] {
            let operator = db.operator();
            let inserted: Result<(), StoreError> = db.store.write(move |tx| seats::insert(tx, &operator, &twin, NOW)).await;
            assert!(matches!(inserted, Err(StoreError::Duplicate(_))), "{inserted:?}");
        }
    }

    async fn the_audit_tells_who_did_what_and_when(db: Database) {
        let db = db.with_cast().await;
        let entry = |id: &str, tenant: Option<&str>, actor: Actor, minute: i64, meeting: Option<&str>| Entry {
            id: id.to_owned(),
            at: at(minute),
            tenant: tenant.map(TenantId::new),
            actor,
            action: "meeting.booked",
            meeting: meeting.map(MeetingId::new),
            detail: "at 10:00".to_owned(),
        };
        let entries = [
            entry("1", Some("acme"), Actor::User(UserId::new("bo")), 1, Some("m1")),
            entry("2", Some("acme"), Actor::Keeper, 2, Some("m1")),
            entry("3", Some("acme"), Actor::of(&db.operator()), 3, None),
            entry("4", Some("globex"), Actor::Zoom, 4, Some("m2")),
            entry("5", None, Actor::Client, 5, None),
        ];
        change(&db.store, move |tx| entries.iter().try_for_each(|entry| audit::add(tx, entry))).await;
        let actors = |shown: &[audit::Shown]| shown.iter().map(|row| row.actor.clone()).collect::<Vec<_>>();
        let scope = db.scope("acme");
        let all = ask(&db.store, move |tx| audit::list(tx, &scope, 0, 10)).await;
        assert_eq!(actors(&all), ["console", "keeper", "user"], "newest first, its own alone");
        assert_eq!((all[2].at(), all[2].user(), all[2].action.as_str(), all[2].detail.as_str()), (at(1), Some(UserId::new("bo")), "meeting.booked", "at 10:00"));
        assert_eq!(all[0].user(), None);
        let scope = db.scope("acme");
        assert_eq!(actors(&ask(&db.store, move |tx| audit::list(tx, &scope, 1, 1)).await), ["keeper"]);
        for (tenant, expected) in [("acme", vec!["user", "keeper"]), ("globex", vec![])] {
            let scope = db.scope(tenant);
            let of_meeting = ask(&db.store, move |tx| audit::list_for_meeting(tx, &scope, &MeetingId::new("m1"))).await;
            let (of_meeting, names): (Vec<audit::Shown>, Vec<Option<String>>) = of_meeting.into_iter().unzip();
            assert_eq!(actors(&of_meeting), expected, "oldest first");
            assert!(names.iter().zip(&of_meeting).all(|(name, row)| name.is_some() == row.user().is_some()), "{names:?}");
        }
    }
}
