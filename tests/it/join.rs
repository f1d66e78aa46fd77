//! The client's link: what its answers say to caches, referrers and search engines, and that a link which does not work
//! tells nobody why.

use std::collections::BTreeMap;

use duologue::app::bookings::Cancellation;
use duologue::domain::meeting::Stage;
use duologue::store::Store;

use crate::support::demo::{From, Seen, Visitor};
use crate::support::portal::{open, served_on_both_databases};
use crate::support::world::{World, minutes};

/// All that an answer says, but for when it was given.
fn told(seen: &Seen) -> (u16, BTreeMap<String, String>, String) {
    let headers = seen.headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    (seen.status, headers, seen.body.clone())
}

async fn ask(client: &Visitor, token: &str) -> [Seen; 3] {
    let link = format!("/j/{token}");
    let shown = client.get(&link).await;
    let now = client.get(&format!("{link}/now")).await;
    [shown, now, client.post(&format!("{link}/entry"), &[], From::OwnPage).await]
}

served_on_both_databases! {
    async fn a_link_is_kept_by_nobody_and_leads_to_zoom_only_by_its_button(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 1).await;
        let (base, server) = open(&world.app);
        let meeting = world.booked(&world.acme, 0, 10, 30).await;
        world.at(10).await;
        let number = world.start(&world.acme, 0, &meeting).await;
        world.settle().await;
        let answers = ask(&Visitor::nobody(&base), &world.app.keys.join_token(&meeting, 1)).await;
        assert_eq!(answers.each_ref().map(|seen| seen.status), [200, 200, 303]);
        for seen in &answers {
            for (name, value) in [("cache-control", "no-store"), ("referrer-policy", "no-referrer"), ("x-robots-tag", "noindex")] {
                assert_eq!(seen.headers.get(name).unwrap(), value, "{name}");
            }
            assert!(!seen.body.contains(&number.to_string()) && !seen.body.contains("zoom.invalid"), "{}", seen.body);
        }
        assert!(answers[2].location.starts_with(&format!("http://zoom.invalid/j/{number}")), "{}", answers[2].location);
        server.stop(false).await;
    }

    async fn a_client_whose_host_never_came_is_told_so_and_what_to_do(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 1).await;
        let (base, server) = open(&world.app);
        let meeting = world.booked(&world.acme, 0, 10, 30).await;
        let link = format!("/j/{}", world.app.keys.join_token(&meeting, 1));
        let client = Visitor::nobody(&base);
        let pages = [link.clone(), format!("{link}/now")];
        world.at(39).await;
        for page in &pages {
            assert!(client.get(page).await.body.contains("is not in the meeting yet"), "it may still begin");
        }
        world.at(41).await;
        assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Missed);
        for page in &pages {
            let seen = client.get(page).await.body;
            assert!(seen.contains("did not start this meeting") && seen.contains("For another time,"), "{seen}");
            assert!(!seen.contains("Thank you for coming") && !seen.contains("I am here"), "{seen}");
        }
        client.post(&format!("{link}/entry"), &[], From::OwnPage).await;
        assert_eq!(world.meeting(&world.acme, &meeting).await.client_arrived_at, None, "nobody is told any more");
        let number = world.start(&world.acme, 0, &meeting).await;
        world.settle().await;
        assert!(client.get(&link).await.body.contains("Join the meeting"), "it was started after all");
        world.at(50).await;
        world.end(number);
        world.settle().await;
        assert!(client.get(&link).await.body.contains("Thank you for coming"));
        server.stop(false).await;
    }

    async fn links_that_do_not_work_are_all_the_same_nothing(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 2).await;
        let (base, server) = open(&world.app);
        let token = |meeting| world.app.keys.join_token(meeting, 1);
        let expired = world.booked(&world.acme, 0, 10, 30).await;
        let cancelled = world.booked(&world.acme, 0, 60, 30).await;
        let suspended = world.booked(&world.globex, 0, 4 * 24 * 60, 30).await;
        let good = world.booked(&world.acme, 0, 4 * 24 * 60, 30).await;
        let done = world.app.cancel(&world.acme.scope, &world.acme.users[0], &cancelled).await.unwrap();
        assert_eq!(done, Cancellation::Done);
        world.app.set_suspended(&world.console, world.globex.scope.tenant().clone(), true).await.unwrap();
        world.clock.set(world.now() + minutes(3 * 24 * 60));
        world.work().await;

        let client = Visitor::nobody(&base);
        let unknown = ask(&client, &"A".repeat(token(&good).len())).await;
        assert_eq!(unknown.each_ref().map(|seen| seen.status), [404, 404, 404]);
        let links = [
            ("expired", token(&expired)),
            ("cancelled", token(&cancelled)),
            ("of a suspended tenant", token(&suspended)),
            ("of a later version", world.app.keys.join_token(&good, 2)),
            ("too short", token(&good)[1..].to_owned()),
            ("no token at all", "x".to_owned()),
        ];
        for (what, link) in links {
            for (seen, nothing) in ask(&client, &link).await.iter().zip(&unknown) {
                assert_eq!(told(seen), told(nothing), "{what}");
            }
        }
        let works = ask(&client, &token(&good)).await;
        assert!(works[0].status == 200 && told(&works[0]) != told(&unknown[0]), "and one that works is something else");
        server.stop(false).await;
    }
}
