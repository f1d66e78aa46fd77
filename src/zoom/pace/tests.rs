//! What keeping the pace promises, each promise as a check that a wrong pace can be put to; and planted bugs, which must be
//! noticed.

use super::*;

const NOON: i64 = 1_790_000_000_000;

/// Says what it is told to, and remembers when it was asked.
pub(super) struct Scripted {
    clock: Clock,
    asked: Mutex<Vec<i64>>,
    replies: Mutex<VecDeque<Reply>>,
}

impl Transport for Scripted {
    fn send(&self, _: Call) -> Sending<'_> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(self.clock.now_millis());
            let ok = Reply { status: 200, headers: Vec::new(), body: b"{}".to_vec() };
            Ok(self.replies.lock().unwrap().pop_front().unwrap_or(ok))
        })
    }
}

impl Scripted {
    fn asked(&self) -> Vec<i64> {
        self.asked.lock().unwrap().clone()
    }
}

/// What keeps a pace in front of Zoom.
type Pace = fn(Arc<Scripted>, Plan, Clock) -> Arc<dyn Transport>;

fn paced(zoom: Arc<Scripted>, plan: Plan, clock: Clock) -> Arc<dyn Transport> {
    Arc::new(Paced::new(zoom, plan, clock))
}

fn stage(pace: Pace, plan: Plan, replies: Vec<Reply>) -> (Arc<Scripted>, Arc<dyn Transport>, Clock) {
    let clock = Clock::manual(Instant::from_seconds(NOON / 1000));
    // Not at the turn of a second.
    clock.advance(Duration::from_millis(900));
    let zoom = Arc::new(Scripted { clock: clock.clone(), asked: Mutex::default(), replies: Mutex::new(replies.into()) });
    (zoom.clone(), pace(zoom, plan, clock.clone()), clock)
}

fn light() -> Call {
    Call::api(Method::Get, &["meetings", "1"])
}

fn heavy() -> Call {
    Call::api(Method::Get, &["accounts", "me", "plans", "usage"])
}

fn too_fast(headers: &[(&str, &str)], message: &str) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply { status: 429, headers, body: serde_json::json!({"code": 429, "message": message}).to_string().into_bytes() }
}

/// The most calls that began within any second.
fn busiest(asked: &[i64]) -> usize {
    asked.iter().map(|from| asked.iter().filter(|at| (*from..from + 1000).contains(*at)).count()).max().unwrap_or(0)
}

/// Background work stays below the limit in any second, and is not slower than it need be.
async fn stays_below_the_limit(pace: Pace) -> bool {
    for (plan, most) in [(Plan::Free, 3), (Plan::Pro, 20), (Plan::Business, 52)] {
        let (zoom, pace, _) = stage(pace, plan, Vec::new());
        for _ in 0..200 {
            pace.send(light()).await.unwrap();
        }
        if zoom.asked().len() != 200 || busiest(&zoom.asked()) != most {
            return false;
        }
    }
    true
}

/// A press of Start finds room after a rush of whatever size, and the background then waits.
async fn a_press_of_start_finds_room(pace: Pace) -> bool {
    for rush in [20, 24] {
        let (_, pace, clock) = stage(pace, Plan::Pro, Vec::new());
        for _ in 0..rush {
            pace.send(light()).await.unwrap();
        }
        let before = clock.now_millis();
        for _ in 0..4 {
            urgently(pace.send(light())).await.unwrap();
        }
        let at_once = clock.now_millis() == before;
        for _ in 0..20 {
            pace.send(light()).await.unwrap();
        }
        if !at_once || clock.now_millis() == before {
            return false;
        }
    }
    true
}

/// A refused label rests until the time that Zoom names, in either form.
async fn a_refused_label_rests(pace: Pace) -> bool {
    let words = "You have reached the maximum per-second rate limit for this API.";
    for (headers, rested) in [
        (vec![("retry-after", "3")], NOON + 3000),
        (vec![("x-ratelimit-type", "QPS"), ("x-ratelimit-reset", "1790000004")], NOON + 4000),
    ] {
        let (zoom, pace, clock) = stage(pace, Plan::Pro, vec![too_fast(&headers, words)]);
        clock.set(Instant::from_seconds(NOON / 1000));
        let refused = pace.send(light()).await.unwrap().status;
        let taken = pace.send(light()).await.unwrap().status;
        if (refused, taken, zoom.asked()) != (429, 200, vec![NOON, rested]) {
            return false;
        }
    }
    true
}

/// After a daily limit Zoom is not asked until the date it names; other labels go on.
async fn a_daily_limit_is_kept(pace: Pace) -> bool {
    let until = Instant::from_seconds(NOON / 1000 + 7200);
    let date = until.to_string();
    let headers = [("x-ratelimit-type", "Daily-limit"), ("x-ratelimit-category", "Light"), ("retry-after", date.as_str())];
    let (zoom, pace, clock) = stage(pace, Plan::Pro, vec![too_fast(&headers, "daily")]);
    pace.send(light()).await.unwrap();
    let held = ZoomError::in_reply(pace.send(light()).await.unwrap(), clock.now());
    let is_held = held == Err(ZoomError::RetryAfter { at: until, daily: true }) && zoom.asked().len() == 1;
    let others_go_on = pace.send(Call::api(Method::Get, &["users"])).await.unwrap().status == 200;
    clock.set(until);
    is_held && others_go_on && pace.send(light()).await.unwrap().status == 200
}

/// A limit of one user pauses nobody else.
async fn one_user_pauses_nobody(pace: Pace) -> bool {
    let words = "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this particular \
        user.";
    let (_, pace, clock) = stage(pace, Plan::Pro, vec![too_fast(&[("x-ratelimit-type", "Daily-limit")], words)]);
    let before = clock.now_millis();
    pace.send(light()).await.unwrap();
    pace.send(light()).await.unwrap().status == 200 && clock.now_millis() == before
}

/// The day's number is kept too, and its last fifth is for people who wait.
async fn the_day_is_kept(pace: Pace) -> bool {
    let (zoom, pace, _) = stage(pace, Plan::Free, Vec::new());
    for _ in 0..800 {
        if pace.send(heavy()).await.unwrap().status != 200 {
            return false;
        }
    }
    let background = pace.send(heavy()).await.unwrap().status;
    let person = urgently(pace.send(heavy())).await.unwrap().status;
    (background, person, zoom.asked().len()) == (429, 200, 801)
}

macro_rules! promises {
    ($($check:ident but not $($bug:ident)+;)+) => {$(
        mod $check {
            #[actix_web::test]
            async fn it_does() {
                assert!(super::$check(super::paced).await);
            }

            $(#[actix_web::test]
            async fn $bug() {
                assert!(!super::$check(super::mutants::$bug).await, "nobody noticed");
            })+
        }
    )+};
}

promises! {
    stays_below_the_limit but not keeps_no_pace counts_by_the_clocks_second takes_the_plan_for_a_larger_one;
    a_press_of_start_finds_room but not keeps_no_pace keeps_nothing_back forgets_who_waits;
    a_refused_label_rests but not forgets_refusals ignores_the_time_that_zoom_names;
    a_daily_limit_is_kept but not keeps_no_pace forgets_refusals ignores_the_time_that_zoom_names;
    one_user_pauses_nobody but not pauses_everybody_for_one_user;
    the_day_is_kept but not keeps_no_pace takes_the_plan_for_a_larger_one forgets_who_waits keeps_nothing_back;
}

#[actix_web::test]
async fn while_somebody_waits_the_background_gives_way() {
    let mut bucket = Bucket::default();
    let limit = Plan::Pro.limit(Label::Light);
    assert!(matches!(bucket.turn(limit, NOON, false, true), Turn::Wait(_)));
    assert!(matches!(bucket.turn(limit, NOON, true, false), Turn::Go));
    assert!(matches!(bucket.turn(limit, NOON, false, false), Turn::Go));
}

#[actix_web::test]
async fn the_cap_of_new_users_pauses_no_other_call() {
    let headers = [("x-ratelimit-type", "Daily-limit"), ("x-ratelimit-category", "Light")];
    let (_, pace, clock) = stage(paced, Plan::Pro, vec![too_fast(&headers, "the daily rate limit for this API")]);
    let before = clock.now_millis();
    assert_eq!(pace.send(Call::api(Method::Post, &["users"])).await.unwrap().status, 429);
    assert_eq!(pace.send(light()).await.unwrap().status, 200);
    assert_eq!(clock.now_millis(), before);
}
