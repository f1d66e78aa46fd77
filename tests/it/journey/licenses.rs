//! Licenses that are short, in a real browser: a host is refused, waits in line, is told when the license is there and starts;
//! and every page that speaks of a license in each of its states is accessible, valid and fits a phone.

use std::sync::Arc;

use duologue::app::App;
use duologue::app::bookings::{Answer, Booking, Time};
use duologue::app::start::{Start, With};
use duologue::app::tenants::Settings;
use duologue::domain::ids::MeetingId;
use duologue::domain::meeting::Kind;
use duologue::domain::names::{EmailAddress, IdempotencyKey, PersonName, Slug, Topic, ZoneName};
use duologue::domain::pool::{Freeze, PoolSettings};
use duologue::domain::tenant::User;
use duologue::domain::time::{Span, Window};
use duologue::store::scope::TenantScope;
use duologue::store::{StoreError, meetings, moves, pool, tenants, users};

use super::pages::{below, defects, look};
use super::*;
use crate::support::demo::{From, Seen};

/// Somebody of the demo, as the verbs know them.
struct Person {
    app: Arc<App>,
    scope: TenantScope,
    user: User,
}

impl Person {
    async fn of(demo: &Demo, slug: &str, name: &str) -> Self {
        let (app, pass) = (demo.app.clone(), demo.console.clone());
        let (slug, name) = (Slug::parse(slug).unwrap(), name.to_owned());
        let found = app.store.read::<_, StoreError, _>(move |tx| {
            let tenant = tenants::find_by_slug(tx, &pass, &slug)?.unwrap();
            let scope = pass.scope(&tenant.id);
            let user = users::list(tx, &scope)?.into_iter().find(|user| user.name.as_str().starts_with(&name)).unwrap();
            Ok((scope, user))
        });
        let (scope, user) = found.await.unwrap();
        Self { app: demo.app.clone(), scope, user }
    }

    async fn asks(&self, kind: Kind, after: Span, minutes: i64, wait: bool) -> Answer {
        let start = if kind == Kind::OnDemand { self.app.now() } else { (self.app.now() + after).grid_up() };
        let booking = Booking {
            host: self.user.id.clone(),
            topic: Topic::parse("A word about the plan").unwrap(),
            client_name: PersonName::parse("Paula Vance").unwrap(),
            client_email: EmailAddress::parse("paula@mail.example").unwrap(),
            client_zone: None,
            kind,
            time: Time {
                window: Window::lasting(start, Span::minutes(minutes)),
                wall: "2026-11-24T13:00".to_owned(),
                zone: ZoneName::utc(),
            },
            key: IdempotencyKey::parse(&self.app.id()).unwrap(),
            wait,
        };
        self.app.book(&self.scope, &self.user, booking).await.unwrap()
    }

    /// Meets now for 25 minutes, and insists.
    async fn meets(&self) -> MeetingId {
        match self.asks(Kind::OnDemand, Span::ZERO, 25, false).await {
            Answer::Accepted(meeting) => meeting,
            other => panic!("not accepted: {other:?}"),
        }
    }

    async fn waits(&self, minutes: i64) -> MeetingId {
        match self.asks(Kind::OnDemand, Span::ZERO, minutes, true).await {
            Answer::InLine(meeting) => meeting,
            other => panic!("not in line: {other:?}"),
        }
    }

    /// Begins without a license and enters the room.
    async fn begins_without(&self, demo: &Demo, id: &MeetingId) {
        let start = self.app.start(&self.scope, &self.user, id, With::WhateverThereIs).await.unwrap();
        let Start::Go(url) = start else { panic!("not started: {start:?}") };
        let url = url::Url::parse(url.reveal()).unwrap();
        let zak = url.query_pairs().find(|(name, _)| name == "zak").unwrap().1.into_owned();
        let (scope, id) = (self.scope.clone(), id.clone());
        let found = self.app.store.read::<_, StoreError, _>(move |tx| meetings::find(tx, &scope, &id)).await.unwrap().unwrap();
        let now = self.app.now().seconds() * 1000;
        demo.world.lock().unwrap().host_arrives(now, found.room.unwrap().number, &zak, false).unwrap();
    }

    /// The first meeting that is booked for later than in half an hour.
    async fn later(&self) -> MeetingId {
        let (scope, host, from) = (self.scope.clone(), self.user.id.clone(), self.app.now() + Span::minutes(30));
        let read = self.app.store.read::<_, StoreError, _>(move |tx| meetings::list_ahead_of_host(tx, &scope, &host));
        read.await.unwrap().into_iter().find(|meeting| meeting.window.start() > from).unwrap().id
    }
}

async fn in_line_in_a_browser(scripts: bool) {
    let (demo, _folder) = demo().await;
    let clinic = format!("{}/t/north-clinic", demo.portal);
    let hugo = Person::of(&demo, "hale-law", "Hugo").await;
    hugo.meets().await;
    let carla = Person::of(&demo, "north-clinic", "Carla").await;
    let carlas = carla.meets().await;
    let options = if scripts { Options::default() } else { Options::without_javascript() };
    browse(options, async |host| {
        sign_in(host, &clinic, "ben@north-clinic.example").await;
        host.goto(&format!("{clinic}/meetings/now")).await.unwrap();
        fill(host, "client_name", "Paula Vance").await;
        fill(host, "client_email", "paula@mail.example").await;
        press(host, "Get the meeting ready").await;
        until(host, true, "Wait in line: you would be number 1").await;
        press(host, "Wait in line").await;
        until(host, true, "Number 1 in line").await;
        carla.app.cancel(&carla.scope, &carla.user, &carlas).await.unwrap();
        until(host, scripts, "Your license is ready: press Start.").await;
        element(host, "//main//button[starts-with(normalize-space(), 'Start')]").await.click().await.unwrap();
        until(host, true, "In the meeting").await;
        assert!(host.current_url().await.unwrap().as_str().starts_with(&demo.simulator));
    })
    .await;
}

#[actix_web::test]
async fn a_host_waits_in_line_with_scripts() {
    in_line_in_a_browser(true).await;
}

#[actix_web::test]
async fn a_host_waits_in_line_without_scripts() {
    in_line_in_a_browser(false).await;
}

/// Who meets, waits and is refused at once.
struct Shortage {
    ben_waits: String,
    bens_later: String,
    dora_runs: String,
    carlas_short: String,
    elis_later: String,
}

impl Shortage {
    /// The three licenses: one for Ana's meeting of the next minutes, Carla and Hugo have the others. Ben waits in line, Dora has
    /// begun without.
    async fn of(demo: &Demo) -> Self {
        let carla = Person::of(demo, "north-clinic", "Carla").await;
        let (ben, dora) = (Person::of(demo, "north-clinic", "Ben").await, Person::of(demo, "river-school", "Dora").await);
        let eli = Person::of(demo, "river-school", "Eli").await;
        carla.meets().await;
        Person::of(demo, "hale-law", "Hugo").await.meets().await;
        let (ben_waits, dora_runs) = (ben.waits(25).await, dora.waits(40).await);
        dora.begins_without(demo, &dora_runs).await;
        let settings = Settings {
            name: PersonName::parse("North Clinic").unwrap(),
            zone: ZoneName::parse("Europe/Madrid").unwrap(),
            default_length: Span::minutes(45),
            reply_to: None,
            short_meetings: true,
        };
        demo.app.set_tenant_settings(&carla.scope, &carla.user, settings).await.unwrap();
        let Answer::Accepted(short) = carla.asks(Kind::Scheduled, Span::hours(20), 30, false).await else { panic!("refused") };
        let path = |slug: &str, id: &MeetingId| format!("/t/{slug}/meetings/{id}");
        Self {
            ben_waits: path("north-clinic", &ben_waits),
            bens_later: path("north-clinic", &ben.later().await),
            dora_runs: path("river-school", &dora_runs),
            carlas_short: path("north-clinic", &short),
            elis_later: path("river-school", &eli.later().await),
        }
    }
}

/// Zoom has frozen the pool, and the day's moves are nearly used up.
async fn freeze(demo: &Demo) {
    let app = &demo.app;
    let settings = PoolSettings { licenses: 3, move_budget: Some(10), ..PoolSettings::defaults() };
    app.set_pool(&demo.console, settings).await.unwrap().unwrap();
    let now = app.now();
    let write = app.store.write::<_, StoreError, _>(move |tx| {
        pool::set_freeze(tx, Some(Freeze { since: now - Span::minutes(20), probe_at: now + Span::minutes(15) }))?;
        (0..8).try_for_each(|_| moves::note(tx, moves::Move::Attach, now))
    });
    write.await.unwrap();
}

/// Presses a button of a page and looks at what comes of it.
async fn answer(page: &Page, visitor: &Visitor, button: &str, post: (&str, &[(&str, &str)]), name: &str) -> Vec<String> {
    press(page, button).await;
    let csrf = ("csrf", visitor.csrf.as_str());
    let Seen { status, body, .. } = visitor.post(post.0, &[post.1, &[csrf]].concat(), From::OwnPage).await;
    assert!((400..500).contains(&status), "{name}: {status}");
    let shown = format!("//h1[normalize-space()='{}']", html::texts(&body, "h1").remove(0));
    element(page, &shown).await;
    let found = defects(page, name, &body).await;
    page.screenshot(name).await;
    found
}

#[actix_web::test]
async fn every_state_of_a_license_is_accessible_valid_and_fits_a_phone() {
    let (demo, _folder) = demo().await;
    let portal = demo.portal.as_str();
    let shortage = Shortage::of(&demo).await;
    let looks = [
        ("short-wide", Options::default()),
        ("short-wide-dark", Options { dark: true, ..Options::default() }),
        ("short-phone", Options::phone()),
        ("short-phone-dark", Options { dark: true, ..Options::phone() }),
    ];
    let ben = Visitor::signed_in(portal, "/t/north-clinic", "ben@north-clinic.example").await;
    let carla = Visitor::signed_in(portal, "/t/north-clinic", "carla@north-clinic.example").await;
    let dora = Visitor::signed_in(portal, "/t/river-school", "dora@river-school.example").await;
    let eli = Visitor::signed_in(portal, "/t/river-school", "eli@river-school.example").await;
    let operator = Visitor::signed_in(portal, "/operator", "operator@duologue.example").await;
    let now = [("key", "0123456789abcdef"), ("client_name", "Jo"), ("client_email", "jo@mail.example"), ("minutes", "60")];
    let mut found = Vec::new();
    for (name, options) in looks {
        browse(options, async |page| {
            let (school, clinic) = (format!("{portal}/t/river-school"), format!("{portal}/t/north-clinic"));
            sign_in(page, &clinic, "ben@north-clinic.example").await;
            let bens = ["/t/north-clinic".to_owned(), shortage.ben_waits.clone(), "/t/north-clinic/meetings/new".to_owned()];
            found.extend(look(page, &ben, &bens, name).await);
            page.goto(&format!("{portal}{}", shortage.bens_later)).await.unwrap();
            let start = (&*format!("{}/start", shortage.bens_later), &[][..]);
            found.extend(answer(page, &ben, "Start meeting", start, &format!("{name}-start-refused")).await);
            page.delete_all_cookies().await.unwrap();
            sign_in(page, &clinic, "carla@north-clinic.example").await;
            found.extend(look(page, &carla, std::slice::from_ref(&shortage.carlas_short), name).await);
            page.delete_all_cookies().await.unwrap();
            sign_in(page, &school, "dora@river-school.example").await;
            let doras = ["/t/river-school".to_owned(), shortage.dora_runs.clone(), "/t/river-school/settings".to_owned()];
            found.extend(look(page, &dora, &doras, name).await);
            page.delete_all_cookies().await.unwrap();
            sign_in(page, &school, "eli@river-school.example").await;
            page.goto(&format!("{portal}{}", shortage.elis_later)).await.unwrap();
            let start = (&*format!("{}/start", shortage.elis_later), &[][..]);
            found.extend(answer(page, &eli, "Start meeting", start, &format!("{name}-start-early")).await);
            page.goto(&format!("{school}/meetings/now")).await.unwrap();
            fill(page, "client_name", "Jo").await;
            fill(page, "client_email", "jo@mail.example").await;
            let refused = ("/t/river-school/meetings/now", &now[..]);
            found.extend(answer(page, &eli, "Get the meeting ready", refused, &format!("{name}-now-refused")).await);
            page.delete_all_cookies().await.unwrap();
            freeze(&demo).await;
            sign_in(page, &format!("{portal}/operator"), "operator@duologue.example").await;
            let run = below("/operator", &["", "/pool/settings", "/meetings"]);
            found.extend(look(page, &operator, &run, name).await);
            demo.app.end_freeze(&demo.console).await.unwrap();
        })
        .await;
    }
    assert!(found.is_empty(), "{} defects\n{}", found.len(), found.join("\n"));
}
