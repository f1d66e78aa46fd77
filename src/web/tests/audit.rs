//! The audit's pages: words that a person reads, whoever wrote the names in them.

use super::*;
use crate::domain::ids::{SeatId, TenantId};
use crate::domain::seat::{License, Seat, SeatStatus};
use crate::store::{audit, seats};

const HOSTILE: &str = "<script>alert(1)</script>";
const ESCAPED: &str = "&#60;script&#62;alert(1)&#60;/script&#62;";

async fn audited(app: &Arc<App>, tenant: Option<&TenantId>, action: &'static str, detail: &str) {
    let entry = audit::Entry {
        id: app.id(),
        at: NOON,
        tenant: tenant.cloned(),
        actor: Actor::Keeper,
        action,
        meeting: None,
        detail: detail.to_owned(),
    };
    app.store.write::<_, StoreError, _>(move |tx| audit::add(tx, &entry)).await.unwrap();
}

/// North with its admin Ana, a staff user with a hostile name, a seat, and entries that name both by id.
async fn with_entries(app: &Arc<App>) -> (String, String) {
    let link = tenant(app, "north").await;
    let (pass, slug) = (console(), Slug::parse("north").unwrap());
    let north = app.store.read::<_, StoreError, _>(move |tx| tenants::find_by_slug(tx, &pass, &slug)).await.unwrap().unwrap();
    let by = Inviter { actor: Actor::Console, name: None };
    let new = NewUser { email: email("eve@north.example"), name: name(HOSTILE), role: Role::Staff };
    app.invite_user(&console().scope(&north.id), &by, new).await.unwrap().unwrap();
    let seat = Seat {
        id: SeatId::new(app.id()),
        zoom_user_id: Some("z1".to_owned()),
        email: email("seat-1@ours.example"),
        name: "Seat 1".to_owned(),
        tenant: Some(north.id.clone()),
        user: None,
        status: SeatStatus::Active,
        observed: License::Basic,
        observed_at: None,
    };
    let (pass, id) = (console(), seat.id.to_string());
    app.store.write::<_, StoreError, _>(move |tx| seats::insert(tx, &pass, &seat, NOON)).await.unwrap();
    audited(app, Some(&north.id), "meeting.reseated", &format!("from seat {id} to seat {id}")).await;
    audited(app, Some(&north.id), "meeting.rescheduled", "from 2026-11-24T14:00:00Z to 2026-11-25T14:00:00Z").await;
    audited(app, None, "license.attached", &format!("license 1 on seat {id}")).await;
    audited(app, None, "pool.frozen", HOSTILE).await;
    (link, id)
}

#[actix_web::test]
async fn a_tenants_audit_is_told_in_words() {
    let app = portal();
    let (link, seat) = with_entries(&app).await;
    let mut browser = Browser::of(&app);
    browser.enter_by(&link, "ana@north.example").await;
    let page = browser.get("/t/north/audit").await.body;
    for told in [
        "User: invited",
        ESCAPED,
        "From seat seat-1@ours.example to seat seat-1@ours.example",
        "From Tuesday 24 November 2026, 15:00 (Madrid, UTC+1) to Wednesday 25 November 2026, 15:00",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!page.contains(&seat) && !page.contains(HOSTILE) && !page.contains("T14:00:00Z to"), "{page}");
    let sheet = browser.get("/t/north/audit.csv").await.body;
    assert!(sheet.contains("meeting.rescheduled") && sheet.contains("from 2026-11-24T14:00:00Z to"), "the sheet stays as it was");
}

#[actix_web::test]
async fn the_operators_audit_is_told_in_words() {
    let app = portal();
    let (_, seat) = with_entries(&app).await;
    let link = app.add_operator(&console(), email("op@duologue.example"), name("Olga Petrova")).await.unwrap();
    app.set_licenses(&console(), 5).await.unwrap().unwrap();
    let mut browser = Browser::of(&app);
    browser.enter_by(&path_of(&link), "op@duologue.example").await;
    let page = browser.get("/operator/audit").await.body;
    for told in [
        "License: attached",
        "License 1 on seat seat-1@ours.example",
        "Pool: licenses set",
        "5 licenses",
        "Operator: added",
        "Olga Petrova",
        "At /t/north",
        ESCAPED,
        "14:00 (UTC) to Wednesday 25 November 2026",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!page.contains(&seat) && !page.contains(HOSTILE) && !page.contains("license.attached"), "{page}");
}
