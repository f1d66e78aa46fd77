//! The storm: five hundred meetings of five hundred hosts begin at the same full hour.

use duologue::domain::ids::{SeatId, UserId};
use duologue::domain::names::{EmailAddress, PersonName};
use duologue::domain::seat::{License, Seat, SeatStatus};
use duologue::domain::tenant::{Role, Standing, User};
use duologue::domain::time::Instant;
use duologue::store::{StoreError, seats, users};
use duologue::zoom::label::{Label, Plan};

use crate::support::world::{World, minutes, monday};

const HOSTS: usize = 500;

impl World {
    /// So many more hosts of acme, each with a seat.
    async fn hire(&mut self, hosts: usize) {
        let (now, tenant) = (self.now(), self.acme.scope.tenant().clone());
        let mut hired = Vec::new();
        for index in 0..hosts {
            let user = User {
                id: UserId::new(self.app.id()),
                tenant: tenant.clone(),
                email: EmailAddress::parse(&format!("host-{index}@acme.example")).unwrap(),
                name: PersonName::parse("Host").unwrap(),
                role: Role::Staff,
                zone: None,
                standing: Standing::Invited,
                created_at: now,
            };
            let email = format!("storm-{index}@ours.example");
            self.zoom(|zoom, now| zoom.add_user(now, &email, "Seat", "Storm", License::Basic));
            let seat = Seat {
                id: SeatId::new(self.app.id()),
                zoom_user_id: None,
                email: EmailAddress::parse(&email).unwrap(),
                name: "Seat".into(),
                tenant: Some(tenant.clone()),
                user: Some(user.id.clone()),
                status: SeatStatus::Pending,
                observed: License::Basic,
                observed_at: None,
            };
            hired.push((user, seat));
        }
        self.acme.users = hired.iter().map(|(user, _)| user.clone()).collect();
        self.acme.seats = hired.iter().map(|(_, seat)| seat.id.clone()).collect();
        let (pass, scope) = (self.console.clone(), self.acme.scope.clone());
        let written = self.app.store.write::<_, StoreError, _>(move |tx| {
            for (user, seat) in &hired {
                users::insert(tx, &scope, user)?;
                seats::insert(tx, &pass, seat, now)?;
            }
            Ok(())
        });
        written.await.unwrap();
        self.app.sync_seats(&self.console).await.unwrap();
    }

    fn refused_and_busiest(&self) -> (u32, Vec<(&'static str, u32, u32)>) {
        self.zoom(|zoom, _| {
            let usages = Label::ALL.map(|label| (label, zoom.limits().usage(label)));
            let refused = usages.iter().map(|(_, usage)| usage.refused).sum();
            (refused, usages.iter().map(|(label, usage)| (label.name(), usage.today, usage.busiest_second)).collect())
        })
    }

    /// Works until every license is attached; when that was, and how long after the lead began.
    async fn until_attached(&self, hour: i64, hosts: usize) -> Instant {
        self.at(hour - 6).await;
        for _ in 0..600 {
            self.clock.set(self.now() + duologue::domain::time::Span::seconds(2));
            self.work().await;
            if self.attached().await == hosts {
                break;
            }
        }
        self.now()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_meetings_at_one_full_hour_have_their_licenses_before_it() {
    let mut world = World::in_memory(HOSTS as u32).await;
    let share = duologue::domain::tenant::Share { guarantee: 0, cap: 1000 };
    world.app.set_share(&world.console, world.acme.scope.tenant().clone(), share, false).await.unwrap().unwrap();
    let settings = duologue::domain::pool::PoolSettings {
        licenses: 500,
        spare: Some(0),
        ..duologue::domain::pool::PoolSettings::defaults()
    };
    world.app.set_pool(&world.console, settings).await.unwrap().unwrap();
    world.hire(HOSTS).await;
    for host in 0..HOSTS {
        world.booked(&world.acme, host, 60, 30).await;
    }
    let begun = world.now();
    world.settle().await;
    let made = world.now() - begun;
    let done = world.until_attached(60, HOSTS).await;
    let (refused, used) = world.refused_and_busiest();
    let lead = monday() + minutes(55);
    println!(
        "storm: rooms made in {} s; all attached {} s after the lead began; calls {used:?}; refused {refused}",
        made.as_seconds(),
        (done - lead).as_seconds()
    );
    assert_eq!(world.attached().await, HOSTS);
    assert!(done < monday() + minutes(60), "before the hour");
    assert_eq!(refused, 0, "Zoom never had to refuse a call");
    for (label, (name, _, busiest)) in Label::ALL.iter().zip(&used) {
        let limit = Plan::Pro.limit(*label);
        assert!(*busiest <= limit.calls * 4 / 5 + 1, "{name}: {busiest} of {}", limit.calls);
    }
}
