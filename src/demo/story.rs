//! What has happened in the demo before somebody opens it, told by the product's own verbs on a clock that is set back.

use std::fmt::Write as _;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, anyhow};

use crate::app::App;
use crate::app::bell::Lane;
use crate::app::bookings::{Answer, Booking, Time};
use crate::app::inbox::Received;
use crate::app::start::{Start, With};
use crate::app::tenants::NewTenant;
use crate::app::users::{Inviter, NewUser};
use crate::clock::{Clock, Ids};
use crate::domain::meeting::Kind;
use crate::domain::names::{EmailAddress, IdempotencyKey, Password, PersonName, Slug, Topic, ZoneName};
use crate::domain::pool::PoolSettings;
use crate::domain::tenant::{Role, Share, User};
use crate::domain::time::{Instant, Span, Window};
use crate::domain::zone;
use crate::store::scope::{OperatorPass, TenantScope};
use crate::store::sessions::Owner;
use crate::store::{StoreError, accounts, tenants, users};
use crate::zoom::simulator::LocalTransport;

use super::people::{self, DemoTenant, PASSWORD, TENANTS};
use super::{LICENSES, Stage};

/// A meeting of the story: who of the tenant hosts, which client, minutes from now, minutes long.
type Plan = (usize, usize, i64, i64);

/// What is still to come, for each tenant. The first is about to begin.
const AHEAD: &[&[Plan]] = &[
    &[(0, 0, 10, 30), (0, 1, 100, 45), (1, 2, 60, 30), (0, 2, 60 * 24, 50), (2, 1, 60 * 26, 30), (0, 0, 60 * 24 * 7, 30)],
    &[(0, 0, 45, 30), (1, 1, 150, 25), (0, 2, 60 * 25, 60), (2, 1, 60 * 49, 30)],
    &[(0, 0, 130, 60), (1, 2, 60 * 27, 30), (0, 1, 60 * 51, 45)],
];

/// Tells the story: the company, its tenants, yesterday's meetings, and what is booked.
pub(super) async fn tell(stage: &Stage) -> anyhow::Result<()> {
    let now = Clock::System.now();
    let yesterday = (now - Span::hours(26)).grid_up();
    let clock = Clock::manual(yesterday - Span::hours(3));
    let transport = LocalTransport::new(stage.world.clone(), clock.clone());
    let (app, pass) = stage.app(transport, clock.clone(), Ids::random())?;
    let teller = Teller { stage, app, pass, clock };
    let company = teller.found_company().await?;
    teller.yesterday(&company, yesterday).await?;
    teller.clock.set(now);
    for (tenant, plans) in company.iter().zip(AHEAD) {
        for plan in *plans {
            let start = (now + Span::minutes(plan.2)).grid_up();
            teller.book(tenant, plan, start).await?;
        }
    }
    teller.settle().await
}

struct Teller<'a> {
    stage: &'a Stage,
    app: Arc<App>,
    pass: OperatorPass,
    clock: Clock,
}

/// A tenant of the story with its people.
struct Founded {
    demo: &'static DemoTenant,
    scope: TenantScope,
    users: Vec<User>,
}

impl Teller<'_> {
    async fn found_company(&self) -> anyhow::Result<Vec<Founded>> {
        let pass = self.pass.clone();
        self.app.set_licenses(&pass, LICENSES).await?.map_err(|refusal| anyhow!("{refusal:?}"))?;
        // A shorter wait before a license moves on, so that a person sees it happen.
        let settings = PoolSettings { licenses: LICENSES, rejoin: Span::seconds(20), ..PoolSettings::defaults() };
        self.app.set_pool(&pass, settings).await?.map_err(|refusal| anyhow!("{refusal:?}"))?;
        let password = Password::offered(PASSWORD).context("a password of a usable length")?;
        let hash = self.app.hash_password(password).await?;
        self.app
            .add_operator(&pass, EmailAddress::parse(people::OPERATOR_EMAIL)?, PersonName::parse(people::OPERATOR_NAME)?)
            .await?;
        let mut company = Vec::new();
        let mut csv = "email,name,tenant,user\n".to_owned();
        let mut number = 0;
        for demo in TENANTS {
            company.push(self.found_tenant(&pass, demo).await?);
            for user in demo.users {
                number += 1;
                let _ = writeln!(csv, "{},Seat {number},{},{}", people::seat_email(number), demo.slug, user.email);
            }
        }
        for spare in number + 1..=people::seats() {
            let _ = writeln!(csv, "{},Seat {spare},,", people::seat_email(spare));
        }
        let imported = self.app.import_seats(&pass, &csv).await?;
        anyhow::ensure!(imported.problems.is_empty(), "{:?}", imported.problems);
        self.set_passwords(&company, hash).await?;
        self.app.sync_seats(&pass).await?;
        Ok(company)
    }

    /// Everybody has accepted their invitation and chosen the demo's password.
    async fn set_passwords(&self, company: &[Founded], hash: String) -> anyhow::Result<()> {
        let mut owners: Vec<Owner> =
            company.iter().flat_map(|tenant| &tenant.users).map(|user| Owner::User(user.id.clone())).collect();
        let address = EmailAddress::parse(people::OPERATOR_EMAIL)?;
        let operator = self.app.store.read(move |tx| accounts::find_operator(tx, &address)).await?;
        owners.extend(operator.map(|operator| Owner::Operator(operator.id)));
        let set = self.app.store.write::<_, StoreError, _>(move |tx| {
            owners.iter().try_for_each(|owner| accounts::set_password_hash(tx, owner, &hash))
        });
        Ok(set.await?)
    }

    async fn found_tenant(&self, pass: &OperatorPass, demo: &'static DemoTenant) -> anyhow::Result<Founded> {
        let slug = Slug::parse(demo.slug)?;
        let admin = &demo.users[0];
        let new = NewTenant {
            slug: slug.clone(),
            name: PersonName::parse(demo.name)?,
            zone: ZoneName::parse(demo.zone)?,
            share: Share { guarantee: demo.guarantee, cap: demo.cap },
            admin_email: EmailAddress::parse(admin.email)?,
            admin_name: PersonName::parse(admin.name)?,
        };
        self.app.add_tenant(pass, new).await?.map_err(|_| anyhow!("{slug} is taken"))?;
        let (tx_pass, tx_slug) = (pass.clone(), slug);
        let scope = self
            .app
            .store
            .read::<_, StoreError, _>(move |tx| {
                Ok(tenants::find_by_slug(tx, &tx_pass, &tx_slug)?.map(|tenant| tx_pass.scope(&tenant.id)))
            })
            .await?
            .context("the tenant that was just added")?;
        let first = self.users(&scope).await?.remove(0);
        for user in &demo.users[1..] {
            let new = NewUser { email: EmailAddress::parse(user.email)?, name: PersonName::parse(user.name)?, role: Role::Staff };
            self.app.invite_user(&scope, &Inviter::user(&first), new).await?.map_err(|refusal| anyhow!("{refusal:?}"))?;
        }
        let mut users = self.users(&scope).await?;
        users.sort_by_key(|user| demo.users.iter().position(|one| one.email == user.email.as_str()));
        Ok(Founded { demo, scope, users })
    }

    async fn users(&self, scope: &TenantScope) -> anyhow::Result<Vec<User>> {
        let scope = scope.clone();
        Ok(self.app.store.read(move |tx| users::list(tx, &scope)).await?)
    }

    /// Three meetings that went well and one that nobody came to.
    async fn yesterday(&self, company: &[Founded], at: Instant) -> anyhow::Result<()> {
        let mut booked = Vec::new();
        for (index, tenant) in company.iter().enumerate() {
            let start = at + Span::minutes(60 * i64::try_from(index)?);
            booked.push((tenant, self.book(tenant, &(0, index % 3, 0, 30), start).await?, start));
        }
        let missed = at + Span::hours(4);
        self.book(&company[0], &(0, 2, 0, 30), missed).await?;
        for (tenant, meeting, start) in booked {
            self.clock.set(start - Span::minutes(4));
            self.settle().await?;
            self.meet(tenant, &meeting, start).await?;
        }
        self.clock.set(missed);
        self.settle().await?;
        self.clock.set(missed + Span::minutes(16));
        self.settle().await
    }

    async fn book(&self, tenant: &Founded, plan: &Plan, start: Instant) -> anyhow::Result<crate::domain::ids::MeetingId> {
        let (host, client, _, minutes) = *plan;
        let host = &tenant.users[host];
        let (name, email) = tenant.demo.clients[client];
        let zone = ZoneName::parse(tenant.demo.zone)?;
        let booking = Booking {
            wait: false,
            host: host.id.clone(),
            topic: Topic::parse(tenant.demo.topics[client])?,
            client_name: PersonName::parse(name)?,
            client_email: EmailAddress::parse(email)?,
            client_zone: Some(zone.clone()),
            kind: Kind::Scheduled,
            time: Time { window: Window::lasting(start, Span::minutes(minutes)), wall: zone::wall_time(start, &zone), zone },
            key: IdempotencyKey::parse(&self.app.id())?,
        };
        match self.app.book(&tenant.scope, host, booking).await? {
            Answer::Accepted(meeting) => Ok(meeting),
            other => Err(anyhow!("the demo's own meeting was not accepted: {other:?}")),
        }
    }

    /// Host and client meet, and the host ends it.
    async fn meet(&self, tenant: &Founded, meeting: &crate::domain::ids::MeetingId, start: Instant) -> anyhow::Result<()> {
        let started = self.app.start(&tenant.scope, &tenant.users[0], meeting, With::License).await?;
        let Start::Go(url) = started else { return Err(anyhow!("the demo's own meeting did not start: {started:?}")) };
        let url = url::Url::parse(url.reveal())?;
        let zak = url
            .query_pairs()
            .find(|(name, _)| name == "zak")
            .map(|(_, zak)| zak.into_owned())
            .context("a zak in the start link")?;
        let number: i64 = url.path_segments().and_then(Iterator::last).unwrap_or_default().parse()?;
        self.clock.set(start + Span::minutes(1));
        self.world(|world, now| world.host_arrives(now, number, &zak, false).map_err(|refusal| anyhow!("{refusal:?}")))?;
        self.settle().await?;
        self.clock.set(start + Span::minutes(27));
        self.world(|world, now| {
            world.end(now, number, "Host ended the meeting.");
            Ok(())
        })?;
        self.settle().await?;
        self.clock.advance(Duration::from_mins(1));
        self.settle().await
    }

    fn world<T>(&self, act: impl FnOnce(&mut crate::zoom::simulator::World, i64) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let mut world = self.stage.world.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut world, self.clock.now_millis())
    }

    /// Delivers what Zoom has to say and lets every lane do what there is, until Zoom has nothing more to say: what is left
    /// over would be too old to be believed once the clock has moved on.
    async fn settle(&self) -> anyhow::Result<()> {
        for round in 0.. {
            let webhooks = self.world(|world, now| Ok(world.tick(now)))?;
            if webhooks.is_empty() && round > 0 {
                break;
            }
            for webhook in &webhooks {
                let (timestamp, signature) = (Some(&*webhook.timestamp), Some(&*webhook.signature));
                let received = self.app.receive_webhook(timestamp, signature, webhook.body.as_bytes()).await?;
                anyhow::ensure!(
                    matches!(received, Received::Stored | Received::Proof(_)),
                    "a webhook of the demo's own Zoom was refused: {received:?}"
                );
                self.world(|world, now| {
                    world.answered(now, webhook.id, Some(200));
                    Ok(())
                })?;
            }
            for lane in [Lane::Inbox, Lane::Rooms, Lane::Licenses, Lane::Letters] {
                crate::keeper::run(&self.app, lane).await?;
            }
        }
        Ok(())
    }
}
