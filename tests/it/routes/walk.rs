//! What everybody is answered on one row of the route table, and whether that is right.
//!
//! Judging is apart from asking, so that the judge can be shown a portal with a mistake in it.

use actix_web::http::Method;
use duologue::web::routes::{Access, RouteRow};

use super::{Cast, ask};
use crate::support::demo::Seen;

/// What only the host of a meeting may do: here one of the staff, so not even an admin.
const OF_THE_HOST: [&str; 2] = ["/t/{slug}/meetings/{id}/start", "/t/{slug}/meetings/{id}/end"];

/// What each kind of visitor was answered.
#[derive(Clone)]
pub(super) struct Answers {
    pub(super) nobody: Seen,
    pub(super) stranger: Seen,
    pub(super) operator: Seen,
    pub(super) staff: Seen,
    pub(super) admin: Seen,
}

impl Answers {
    /// Asks with everybody, whoever may least first.
    pub(super) async fn to(row: &RouteRow, path: &str, cast: &Cast) -> Self {
        Self {
            nobody: ask(&cast.nobody, row, path).await,
            stranger: ask(&cast.stranger, row, path).await,
            operator: ask(&cast.operator, row, path).await,
            staff: ask(&cast.staff, row, path).await,
            admin: ask(&cast.admin, row, path).await,
        }
    }

    fn all(&self) -> [(&'static str, &Seen); 5] {
        [
            ("nobody", &self.nobody),
            ("a stranger", &self.stranger),
            ("an operator", &self.operator),
            ("staff", &self.staff),
            ("an admin", &self.admin),
        ]
    }
}

/// What is wrong with the answers to a row, in words; nothing, when everybody got what they should.
pub(super) fn judge(row: &RouteRow, answers: &Answers) -> Vec<String> {
    let Answers { nobody, stranger, operator, staff, admin } = answers;
    let mut judge = Judge { row, broken: Vec::new() };
    match row.access {
        Access::Machine | Access::Anyone | Access::LinkHolder => {
            for (who, seen) in answers.all() {
                judge.expect(who, seen, served(&row.method));
            }
        }
        Access::Zoom => {
            for (who, seen) in answers.all() {
                judge.expect(who, seen, &[401]);
            }
        }
        Access::SignedIn => {
            judge.expect_sign_in("nobody", nobody, "/");
            for (who, seen) in [("staff", staff), ("an admin", admin), ("an operator", operator), ("another tenant's", stranger)]
            {
                judge.expect_served(who, seen, &[nobody]);
            }
        }
        Access::Staff | Access::Admin => {
            judge.expect_sign_in("nobody", nobody, "/t/north-clinic/sign-in");
            judge.expect_sign_in("an operator", operator, "/t/north-clinic/sign-in");
            judge.expect("a stranger", stranger, &[404]);
            if OF_THE_HOST.contains(&row.path) {
                judge.expect("an admin", admin, &[404]);
            } else {
                judge.expect_served("an admin", admin, &[nobody, stranger]);
            }
            if row.access == Access::Admin {
                judge.expect("staff", staff, &[403]);
            } else {
                judge.expect_served("staff", staff, &[nobody, stranger]);
            }
        }
        Access::Operator => {
            judge.expect_sign_in("nobody", nobody, "/operator/sign-in");
            for (who, seen) in [("staff", staff), ("an admin", admin), ("another tenant's", stranger)] {
                judge.expect(who, seen, &[404]);
            }
            judge.expect_served("an operator", operator, &[nobody, stranger]);
        }
    }
    judge.broken
}

/// What the right person may be answered: a form is sent without its fields, so it may be refused for that.
fn served(method: &Method) -> &'static [u16] {
    if *method == Method::GET { &[200, 303] } else { &[200, 303, 400, 409, 422] }
}

struct Judge<'a> {
    row: &'a RouteRow,
    broken: Vec<String>,
}

impl Judge<'_> {
    fn expect(&mut self, who: &str, seen: &Seen, allowed: &[u16]) {
        if !allowed.contains(&seen.status) {
            self.blame(who, seen, &format!("not {allowed:?}"));
        }
    }

    fn expect_sign_in(&mut self, who: &str, seen: &Seen, place: &str) {
        if seen.status != 303 || !seen.location.starts_with(place) {
            self.blame(who, seen, &format!("not with {place}"));
        }
    }

    /// The right person gets what they asked for, and so something else than whoever may not have it.
    fn expect_served(&mut self, who: &str, seen: &Seen, others: &[&Seen]) {
        self.expect(who, seen, served(&self.row.method));
        // Whoever signs out is led where nobody is led, but without a session.
        let leaves = self.row.path.ends_with("/sign-out") && seen.headers.contains_key("set-cookie");
        if !leaves && others.iter().any(|other| (other.status, &other.location) == (seen.status, &seen.location)) {
            self.blame(who, seen, "as if they might not");
        }
    }

    fn blame(&mut self, who: &str, seen: &Seen, instead: &str) {
        let Seen { status, location, .. } = seen;
        self.broken.push(format!("{} {} answered {who} with {status} {location}, {instead}", self.row.method, self.row.path));
    }
}

fn answer(status: u16, location: &str) -> Seen {
    Seen { status, location: location.to_owned(), headers: reqwest::header::HeaderMap::new(), body: String::new() }
}

/// What a portal without a mistake answers on a row of this kind.
fn right(row: &RouteRow) -> Answers {
    let (page, away) = (answer(200, ""), answer(404, ""));
    let [to_clinic, to_operator, to_home] = ["/t/north-clinic/sign-in", "/operator/sign-in", "/"].map(|place| answer(303, place));
    let everybody = |seen: &Seen| Answers {
        nobody: seen.clone(),
        stranger: seen.clone(),
        operator: seen.clone(),
        staff: seen.clone(),
        admin: seen.clone(),
    };
    let open = everybody(&page);
    match row.access {
        Access::Machine | Access::Anyone | Access::LinkHolder => open,
        Access::Zoom => everybody(&answer(401, "")),
        Access::SignedIn => Answers { nobody: to_home, ..open },
        Access::Staff => Answers { nobody: to_clinic.clone(), stranger: away, operator: to_clinic, ..open },
        Access::Admin => {
            Answers { nobody: to_clinic.clone(), stranger: away, operator: to_clinic, staff: answer(403, ""), ..open }
        }
        Access::Operator => Answers { nobody: to_operator, operator: page, ..everybody(&away) },
    }
}

#[test]
fn each_mistake_of_a_portal_is_blamed_and_none_is_invented() {
    type Mistake = fn(&mut Answers);
    let none: Mistake = |_| ();
    let mistakes: [(&str, Access, Mistake); 16] = [
        ("staff are refused a page of theirs", Access::Staff, |seen| seen.staff = answer(403, "")),
        ("staff do not find a page of theirs", Access::Staff, |seen| seen.staff = answer(404, "")),
        ("staff are asked to sign in again", Access::Staff, |seen| seen.staff = seen.nobody.clone()),
        ("an admin does not find a page of theirs", Access::Admin, |seen| seen.admin = answer(404, "")),
        ("staff see an admin's page", Access::Admin, |seen| seen.staff = answer(200, "")),
        ("a stranger sees a page", Access::Staff, |seen| seen.stranger = answer(200, "")),
        ("an operator has no account page", Access::SignedIn, |seen| seen.operator = answer(404, "")),
        ("an operator is sent away from it", Access::SignedIn, |seen| seen.operator = answer(303, "/")),
        ("staff have none", Access::SignedIn, |seen| seen.staff = answer(403, "")),
        ("an open page is closed to staff", Access::Anyone, |seen| seen.staff = answer(403, "")),
        ("an open page fails for strangers", Access::LinkHolder, |seen| seen.stranger = answer(500, "")),
        ("health is closed to operators", Access::Machine, |seen| seen.operator = answer(404, "")),
        ("a webhook is taken from an admin", Access::Zoom, |seen| seen.admin = answer(200, "")),
        ("staff see an operator's page", Access::Operator, |seen| seen.staff = answer(200, "")),
        ("a stranger sees an operator's page", Access::Operator, |seen| seen.stranger = answer(200, "")),
        ("an operator is not found", Access::Operator, |seen| seen.operator = answer(404, "")),
    ];
    for (what, access, mistake) in mistakes {
        for row in [RouteRow::get("/", access, actix_web::web::get), RouteRow::post("/", access, actix_web::web::post)] {
            for (change, expected) in [(none, 0), (mistake, 1)] {
                let mut answers = right(&row);
                change(&mut answers);
                let broken = judge(&row, &answers);
                assert_eq!(usize::from(!broken.is_empty()), expected, "{what}, {}: {broken:?}", row.method);
            }
        }
    }
}
