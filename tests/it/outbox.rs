//! Letters when mail does not go as planned: a server that is dead for a while, news that overtake each other, a row that
//! nobody can read.

use duologue::app::bookings::{Answer, Cancellation, Invitation, Time};
use duologue::app::letters::Turn;
use duologue::domain::ids::MeetingId;
use duologue::domain::names::Topic;
use duologue::domain::time::{Span, Window};
use duologue::mail::{Letter, Mailer, Method, Sender, Smtp};
use duologue::store::letters::{self, LetterState, Shown};
use duologue::store::{Store, StoreError};

use crate::mail;
use crate::support::database::{Database, both_databases};
use crate::support::portal::{open, operator, served_on_both_databases};
use crate::support::world::{World, minutes, monday};

/// Changes ana's meeting: its topic, and its start to `minute`.
async fn change(world: &World, meeting: &MeetingId, topic: &str, minute: i64) {
    world.clock.advance(std::time::Duration::from_secs(1));
    let before = world.meeting(&world.acme, meeting).await;
    let window = Window::lasting(monday() + minutes(minute), minutes(30));
    let time = Time { window, wall: before.wall_time.clone(), zone: before.zone.clone() };
    let topic = Topic::parse(topic).unwrap();
    let answer = world.app.reschedule(&world.acme.scope, &world.acme.users[0], meeting, topic, time).await.unwrap();
    assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
}

async fn cancel(world: &World, meeting: &MeetingId) {
    world.clock.advance(std::time::Duration::from_secs(1));
    let done = world.app.cancel(&world.acme.scope, &world.acme.users[0], meeting).await.unwrap();
    assert_eq!(done, Cancellation::Done);
}

/// What is sent now, oldest first.
async fn sent(world: &World) -> Vec<Letter> {
    let before = world.mailbox.list().len();
    while world.app.deliver_one().await.unwrap() == Turn::Worked {}
    let list = world.mailbox.list();
    list[..list.len() - before].iter().rev().map(|sent| sent.letter.as_ref().clone()).collect()
}

async fn outbox(world: &World, state: LetterState) -> Vec<Shown> {
    let pass = world.console.clone();
    let list = world.app.store.read::<_, StoreError, _>(move |tx| letters::list(tx, &pass, Some(state), 0, 100));
    list.await.unwrap()
}

/// The method and the sequence of a letter's calendar part.
fn calendar(letter: &Letter) -> (Method, String) {
    let part = letter.calendar.as_ref().unwrap();
    let sequence = part.ics.lines().find_map(|line| line.strip_prefix("SEQUENCE:")).unwrap();
    (part.method, sequence.to_owned())
}

#[tokio::test]
async fn who_never_got_the_invitation_is_invited_to_the_meeting_as_it_is_now() {
    let world = World::in_memory(2).await;
    let meeting = world.booked(&world.acme, 0, 120, 30).await;
    change(&world, &meeting, "Follow-up", 180).await;
    change(&world, &meeting, "Second opinion", 240).await;
    let letters = sent(&world).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(calendar(&letters[0]), (Method::Request, "2".to_owned()));
    let text = &letters[0].text;
    assert!(text.contains("has arranged") && text.contains("Second opinion") && text.contains("12:00"), "{text}");
    assert!(!text.contains("It was") && !text.contains("new time"), "{text}");
    assert_eq!(sent(&world).await.len(), 0);
}

#[tokio::test]
async fn of_two_changes_that_wait_the_client_hears_the_newest_and_no_time_they_never_knew() {
    let world = World::in_memory(2).await;
    let meeting = world.booked(&world.acme, 0, 120, 30).await;
    assert_eq!(sent(&world).await.len(), 1);
    change(&world, &meeting, "Follow-up", 180).await;
    change(&world, &meeting, "Follow-up", 240).await;
    let letters = sent(&world).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(calendar(&letters[0]), (Method::Request, "2".to_owned()));
    let text = &letters[0].text;
    assert!(text.contains("This is how it is now") && text.contains("12:00") && !text.contains("11:00"), "{text}");
}

#[tokio::test]
async fn a_change_shows_both_times_and_a_change_of_the_topic_says_that_the_time_stays() {
    let world = World::in_memory(2).await;
    let meeting = world.booked(&world.acme, 0, 120, 30).await;
    sent(&world).await;
    change(&world, &meeting, "Follow-up", 180).await;
    let text = sent(&world).await.remove(0).text;
    assert!(text.contains("has a new time") && text.contains("It was") && text.contains("10:00"), "{text}");
    change(&world, &meeting, "Second opinion", 180).await;
    let letter = sent(&world).await.remove(0);
    assert!(letter.text.contains("The time stays as it was") && !letter.text.contains("new time"), "{}", letter.text);
    assert_eq!(calendar(&letter), (Method::Request, "2".to_owned()));
}

#[tokio::test]
async fn a_cancellation_goes_out_alone_and_promises_no_invitation() {
    let world = World::in_memory(2).await;
    let meeting = world.booked(&world.acme, 0, 120, 30).await;
    change(&world, &meeting, "Follow-up", 180).await;
    cancel(&world, &meeting).await;
    let letters = sent(&world).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(calendar(&letters[0]), (Method::Cancel, "2".to_owned()));
    assert!(letters[0].text.contains("If an invitation has reached you"), "{}", letters[0].text);
    let left_out = outbox(&world, LetterState::Failed).await;
    assert_eq!(left_out.len(), 2);
    assert!(left_out.iter().all(|letter| letter.problem.as_deref().unwrap().contains("newer letter")), "{left_out:?}");
}

#[tokio::test]
async fn an_invitation_that_waits_and_is_sent_again_is_one_letter() {
    let world = World::in_memory(2).await;
    let meeting = world.booked(&world.acme, 0, 120, 30).await;
    for _ in 0..3 {
        world.clock.advance(std::time::Duration::from_secs(61));
        assert_eq!(again(&world, &meeting).await, Invitation::Sent);
    }
    assert_eq!(sent(&world).await.len(), 1);
    world.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(again(&world, &meeting).await, Invitation::Sent);
    assert_eq!(sent(&world).await.len(), 1, "one that is asked for later goes out");
}

async fn again(world: &World, meeting: &MeetingId) -> Invitation {
    world.app.resend_invitation(&world.acme.scope, &world.acme.users[0], meeting).await.unwrap()
}

#[tokio::test]
async fn a_second_press_within_the_minute_sends_and_records_nothing() {
    let world = World::in_memory(2).await;
    let meeting = world.booked(&world.acme, 0, 120, 30).await;
    sent(&world).await;
    world.clock.advance(std::time::Duration::from_secs(61));
    let answers = [again(&world, &meeting).await, again(&world, &meeting).await, again(&world, &meeting).await];
    assert_eq!(answers, [Invitation::Sent, Invitation::JustSent, Invitation::JustSent]);
    assert_eq!(sent(&world).await.len(), 1);
    let record = world.app.meeting_record(&world.acme.scope, &world.acme.users[0], &meeting).await.unwrap();
    assert_eq!(record.history.iter().filter(|(row, _)| row.action == "meeting.invited_again").count(), 1);
    assert_eq!(record.letters.len(), 2, "the first one, and the one that was asked for");
}

fn dead_server() -> Mailer {
    let sender = Sender::parse("Duologue <meet@duologue.example>").unwrap();
    // Port 1 is reserved and nothing listens there.
    Mailer::Smtp(Smtp::new("smtp://127.0.0.1:1", sender).unwrap())
}

both_databases! {
    async fn a_dead_mail_server_fails_no_booking_and_is_asked_less_and_less_often(db: Database) {
        let mut world = World::new(Store::open(&db.url).unwrap(), 2).await;
        world.app = world.another(Store::open(&db.url).unwrap(), dead_server());
        world.booked(&world.acme, 0, 120, 30).await;
        let mut pauses = Vec::new();
        for tries in 1..=10 {
            assert_eq!(world.app.deliver_one().await.unwrap(), Turn::Worked);
            let letter = outbox(&world, LetterState::Queued).await.remove(0);
            assert_eq!((letter.tries, letter.problem.as_deref()), (tries, Some("the mail server could not be reached")));
            pauses.push((letter.send_after - world.now()).as_minutes());
            assert_eq!(world.app.deliver_one().await.unwrap(), Turn::Idle, "not before its time");
            world.clock.set(letter.send_after);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 360]);
        world.restart(Store::open(&db.url).unwrap());
        assert_eq!(sent(&world).await.len(), 1, "one letter, as soon as the server is back");
        world.pass(Span::minutes(5)).await;
        assert_eq!(world.mailbox.list().len(), 1);
    }

    async fn a_recipient_that_cannot_be_read_holds_up_nobody(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 2).await;
        world.booked(&world.acme, 0, 120, 30).await;
        world.clock.advance(std::time::Duration::from_secs(1));
        db.execute("UPDATE letters SET recipient = 'nobody'");
        world.booked(&world.globex, 0, 240, 30).await;
        let letters = sent(&world).await;
        assert_eq!(letters.len(), 1, "{letters:?}");
        let failed = outbox(&world, LetterState::Failed).await;
        assert_eq!((failed.len(), failed[0].problem.as_deref()), (1, Some("the recipient's address cannot be read")));
    }
}

served_on_both_databases! {
    async fn letters_wait_for_a_mail_server_that_takes_no_connections_and_the_operator_sees_them(db: Database) {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let smtp = || Smtp::new(&format!("smtp://127.0.0.1:{port}"), Sender::parse("Duologue <meet@duologue.example>").unwrap());
        let mut world = World::new(Store::open(&db.url).unwrap(), 2).await;
        world.app = world.another(Store::open(&db.url).unwrap(), Mailer::Smtp(smtp().unwrap()));
        let (base, portal) = open(&world.app);
        let operator = operator(&world, &base).await;
        world.booked(&world.acme, 0, 120, 30).await;
        while world.app.deliver_one().await.unwrap() == Turn::Worked {}
        let page = operator.get("/operator/mail").await.body;
        for words in ["gil@mail.example", "Trying again", "the mail server could not be reached", "next try in 1 minute"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert_eq!(outbox(&world, LetterState::Queued).await.len(), 2, "the client's, and the operator's own");

        let server = mail::start(folder.path(), port);
        mail::until_up(&smtp().unwrap()).await;
        world.clock.set(world.now() + minutes(1));
        while world.app.deliver_one().await.unwrap() == Turn::Worked {}
        let mails = std::fs::read_dir(folder.path().join("mail/new")).unwrap();
        let mails: Vec<String> = mails.map(|mail| std::fs::read_to_string(mail.unwrap().path()).unwrap()).collect();
        assert_eq!(mails.len(), 2);
        assert_eq!(mails.iter().filter(|mail| mail.contains("gil@mail.example")).count(), 1, "{mails:?}");
        let page = operator.get("/operator/mail").await.body;
        assert!(!page.contains("Trying again") && page.contains("Sent"), "{page}");
        drop(server);
        portal.stop(false).await;
    }
}
