//! Seats: what Zoom says of them, where they come from and whom they serve. For the operator.

use std::sync::Arc;

use crate::domain::count::counted;
use crate::domain::ids::{SeatId, TenantId, UserId};
use crate::domain::names::{EmailAddress, PersonName, Slug};
use crate::domain::seat::{License, Seat, SeatStatus};
use crate::store::audit::{self, Actor};
use crate::store::scope::OperatorPass;
use crate::store::{ReadTx, StoreError, WriteTx, meetings, seats, tenants, users};
use crate::zoom::{NewZoomUser, ZoomUser, secrets};

pub use crate::zoom::{CreateAction, ZoomError};

use super::{App, AppError};

/// More lines than any account has users; a larger file is a mistake.
const MOST_LINES: usize = 10_000;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Seats that are new.
    pub added: usize,
    /// Seats that were known; their assignment was brought up to date.
    pub updated: usize,
    /// What is wrong, by line number; when there is anything, nothing was imported.
    pub problems: Vec<(u64, String)>,
}

/// What came of assigning a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// It is as asked.
    Done,
    /// Meetings that are still to come use this seat: that many.
    InUse(i64),
    /// The user has another seat already.
    UserHasSeat,
    /// The user is not one of that tenant.
    NotTheirs,
}

/// What came of creating a seat at Zoom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// It exists; pending means that its owner must open the mail from Zoom first.
    Seat(SeatStatus),
    /// It is a seat already.
    Known,
    /// Zoom refused: its reason, and the way out.
    Refused {
        /// Zoom's reason.
        reason: String,
        /// What to do.
        remedy: String,
    },
}

/// A file that was read: its lines, and by line number what is wrong with those that could not be.
#[derive(Default)]
struct Sheet {
    lines: Vec<Line>,
    problems: Vec<(u64, String)>,
}

/// One line of an import.
struct Line {
    number: u64,
    email: EmailAddress,
    name: String,
    tenant: Option<Slug>,
    user: Option<EmailAddress>,
}

impl App {
    /// Imports seats from CSV with the columns `email`, `name`, `tenant` (a slug) and `user` (an address); all but the
    /// first may be missing or empty. All of it or, when a line is wrong, nothing. Then asks Zoom about them.
    pub async fn import_seats(self: &Arc<Self>, pass: &OperatorPass, csv: &str) -> Result<Imported, AppError> {
        let (app, tx_pass, sheet) = (self.clone(), pass.clone(), read_csv(csv));
        let imported = self.store.write::<_, ImportError, _>(move |tx| app.import(tx, &tx_pass, sheet)).await;
        match imported {
            Ok(imported) => Ok(imported),
            Err(ImportError::Lines(problems)) => Ok(Imported { problems, ..Imported::default() }),
            Err(ImportError::Store(error)) => Err(error.into()),
        }
    }

    /// Tries every line that could be read even when others could not, so that all wrong lines are told at once.
    fn import(&self, tx: &mut WriteTx<'_>, pass: &OperatorPass, sheet: Sheet) -> Result<Imported, ImportError> {
        let mut imported = Imported { problems: sheet.problems, ..Imported::default() };
        for line in sheet.lines {
            match self.import_line(tx, pass, &line)? {
                Ok(true) => imported.added += 1,
                Ok(false) => imported.updated += 1,
                Err(problem) => imported.problems.push((line.number, problem)),
            }
        }
        if !imported.problems.is_empty() {
            imported.problems.sort_by_key(|(number, _)| *number);
            return Err(ImportError::Lines(imported.problems));
        }
        let detail = format!("{} added, {} updated", imported.added, imported.updated);
        audit::add(tx, &self.entry(None, Actor::of(pass), "seats.imported", None, detail))?;
        Ok(imported)
    }

    /// `Ok(true)`: a new seat; `Err`: what is wrong with the line.
    fn import_line(&self, tx: &mut WriteTx<'_>, pass: &OperatorPass, line: &Line) -> Result<Result<bool, String>, StoreError> {
        let owner = match whose(tx, pass, line)? {
            Ok(owner) => owner,
            Err(problem) => return Ok(Err(problem)),
        };
        let (seat, new) = match seats::find_by_email(tx, pass, &line.email)? {
            Some(seat) => (seat.id, false),
            None => (self.insert_seat(tx, pass, &line.email, &line.name, None)?, true),
        };
        // A line without a tenant says nothing of whom the seat serves.
        let assigned = match &owner.0 {
            Some(_) => self.assign(tx, pass, &seat, owner.0.as_ref(), owner.1.as_ref())?,
            None => Assignment::Done,
        };
        Ok(assignment_problem(assigned).map_or(Ok(new), Err))
    }

    fn insert_seat(
        &self,
        tx: &mut WriteTx<'_>,
        pass: &OperatorPass,
        email: &EmailAddress,
        name: &str,
        user: Option<&ZoomUser>,
    ) -> Result<SeatId, StoreError> {
        let now = self.now();
        let seat = Seat {
            id: SeatId::new(self.id()),
            zoom_user_id: user.map(|user| user.id.clone()),
            email: email.clone(),
            name: name.to_owned(),
            tenant: None,
            user: None,
            // Until Zoom has been asked, no meeting is planned on it.
            status: user.map_or(SeatStatus::Pending, |user| user.status),
            observed: user.map_or(License::Basic, |user| user.license),
            observed_at: user.map(|_| now),
        };
        seats::insert(tx, pass, &seat, now)?;
        Ok(seat.id)
    }

    /// Creates a Zoom user and makes it a seat. Zoom's refusal comes back with the way out.
    pub async fn create_seat(
        self: &Arc<Self>,
        pass: &OperatorPass,
        action: CreateAction,
        email: EmailAddress,
        name: PersonName,
    ) -> Result<Created, AppError> {
        let (tx_pass, tx_email) = (pass.clone(), email.clone());
        if self.store.read(move |tx| seats::find_by_email(tx, &tx_pass, &tx_email)).await?.is_some() {
            return Ok(Created::Known);
        }
        let (first_name, last_name) = name.as_str().split_once(' ').unwrap_or((name.as_str(), "Seat"));
        let new = NewZoomUser {
            email: email.to_string(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            password: (action == CreateAction::AutoCreate).then(|| secrets::password(&self.ids)),
        };
        let user = match self.zoom.create_user(action, &new).await {
            Ok(user) => user,
            Err(error) => return Ok(refused(&error)),
        };
        let (app, pass, name) = (self.clone(), pass.clone(), name.to_string());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                app.insert_seat(tx, &pass, &email, &name, Some(&user))?;
                audit::add(tx, &app.entry(None, Actor::of(&pass), "seat.created", None, action.word()))?;
                Ok(Created::Seat(user.status))
            })
            .await
            .map_err(AppError::from)
    }

    /// Makes an existing Zoom user a seat, and asks Zoom about it at once.
    pub async fn adopt_seat(self: &Arc<Self>, pass: &OperatorPass, email: EmailAddress) -> Result<Created, AppError> {
        let (tx_pass, tx_email) = (pass.clone(), email.clone());
        if self.store.read(move |tx| seats::find_by_email(tx, &tx_pass, &tx_email)).await?.is_some() {
            return Ok(Created::Known);
        }
        let user = match self.zoom.user(email.as_str()).await {
            Ok(user) => user,
            Err(error) => return Ok(refused(&error)),
        };
        let (app, pass) = (self.clone(), pass.clone());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                app.insert_seat(tx, &pass, &email, &user.name, Some(&user))?;
                audit::add(tx, &app.entry(None, Actor::of(&pass), "seat.adopted", None, ""))?;
                Ok(Created::Seat(user.status))
            })
            .await
            .map_err(AppError::from)
    }

    /// Gives a seat to a tenant, and to one of its users or to all of them; or takes it back.
    pub async fn assign_seat(
        self: &Arc<Self>,
        pass: &OperatorPass,
        seat: SeatId,
        tenant: Option<TenantId>,
        user: Option<UserId>,
    ) -> Result<Assignment, AppError> {
        let (app, pass) = (self.clone(), pass.clone());
        self.store
            .write(move |tx| {
                seats::find(tx, &seat)?.ok_or(AppError::NotFound("seat"))?;
                if let (Some(tenant), Some(user)) = (&tenant, &user)
                    && users::find(tx, &pass.scope(tenant), user)?.is_none()
                {
                    return Ok(Assignment::NotTheirs);
                }
                Ok::<_, AppError>(app.assign(tx, &pass, &seat, tenant.as_ref(), user.as_ref())?)
            })
            .await
    }

    fn assign(
        &self,
        tx: &mut WriteTx<'_>,
        pass: &OperatorPass,
        id: &SeatId,
        tenant: Option<&TenantId>,
        user: Option<&UserId>,
    ) -> Result<Assignment, StoreError> {
        let seat = seats::find(tx, id)?.ok_or(StoreError::NotFound("seat"))?;
        if seat.tenant.as_ref() == tenant && seat.user.as_ref() == user {
            return Ok(Assignment::Done);
        }
        let ahead = meetings::count_ahead_on_seat(tx, id)?;
        if ahead > 0 {
            return Ok(Assignment::InUse(ahead));
        }
        if let Some(user) = user
            && seats::list(tx, pass)?.iter().any(|other| other.user.as_ref() == Some(user) && other.id != *id)
        {
            return Ok(Assignment::UserHasSeat);
        }
        seats::assign(tx, pass, id, tenant, user)?;
        audit::add(tx, &self.entry(tenant, Actor::of(pass), "seat.assigned", None, format!("seat {id}")))?;
        Ok(Assignment::Done)
    }
}

fn refused(error: &ZoomError) -> Created {
    Created::Refused { reason: error.to_string(), remedy: error.what_to_do() }
}

/// Whom a line's seat is for, or what is wrong.
type Owner = (Option<TenantId>, Option<UserId>);

fn whose(tx: &mut ReadTx<'_>, pass: &OperatorPass, line: &Line) -> Result<Result<Owner, String>, StoreError> {
    let Some(slug) = &line.tenant else {
        return Ok(if line.user.is_some() {
            Err("a user needs a tenant; name it in the same line".to_owned())
        } else {
            Ok((None, None))
        });
    };
    let Some(tenant) = tenants::find_by_slug(tx, pass, slug)? else {
        return Ok(Err(format!("there is no tenant {slug}; add it first, or leave it out")));
    };
    let Some(address) = &line.user else { return Ok(Ok((Some(tenant.id), None))) };
    let user = users::find_by_email(tx, &pass.scope(&tenant.id), address)?;
    Ok(user
        .map(|user| (Some(tenant.id), Some(user.id)))
        .ok_or_else(|| format!("{slug} has no user with this address; have them invited first, or leave it out")))
}

fn assignment_problem(assignment: Assignment) -> Option<String> {
    match assignment {
        Assignment::Done => None,
        Assignment::InUse(meetings) => {
            Some(format!("{} still to come on the seat; cancel or end what is booked first", counted(meetings, "meeting")))
        }
        Assignment::UserHasSeat => Some("the user has another seat already; give that one to somebody else first".to_owned()),
        Assignment::NotTheirs => Some("the user belongs to another tenant; name theirs in the same line".to_owned()),
    }
}

fn read_csv(text: &str) -> Sheet {
    let unreadable = |problem: String| Sheet { lines: Vec::new(), problems: vec![(1, problem)] };
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers: Vec<String> = match reader.headers() {
        Ok(headers) => headers.iter().map(str::to_lowercase).collect(),
        Err(error) => return unreadable(error.to_string()),
    };
    if !headers.iter().any(|header| header == "email") {
        return unreadable("the first line must name the columns: email, name, tenant, user".to_owned());
    }
    let Sheet { mut lines, mut problems } = Sheet::default();
    for record in reader.records() {
        if lines.len() >= MOST_LINES {
            problems.push((MOST_LINES as u64, format!("more than {MOST_LINES} lines; split the file")));
            break;
        }
        match record
            .map_err(|error| (error.position().map_or(0, csv::Position::line), error.to_string()))
            .and_then(|record| line(&headers, &record))
        {
            Ok(line) => lines.push(line),
            Err(problem) => problems.push(problem),
        }
    }
    if lines.is_empty() && problems.is_empty() {
        problems.push((2, "there is no line below the column names".to_owned()));
    }
    Sheet { lines, problems }
}

fn line(headers: &[String], record: &csv::StringRecord) -> Result<Line, (u64, String)> {
    let number = record.position().map_or(0, csv::Position::line);
    let field = |name: &str| {
        headers.iter().position(|header| header == name).and_then(|at| record.get(at)).filter(|text| !text.is_empty())
    };
    let wrong = |what: &str, error: &dyn std::fmt::Display| (number, format!("{what}: {error}"));
    let email = EmailAddress::parse(field("email").unwrap_or_default()).map_err(|error| wrong("email", &error))?;
    let name = PersonName::parse(field("name").unwrap_or(email.as_str())).map_err(|error| wrong("name", &error))?;
    let tenant = field("tenant").map(Slug::parse).transpose().map_err(|error| wrong("tenant", &error))?;
    let user = field("user").map(EmailAddress::parse).transpose().map_err(|error| wrong("user", &error))?;
    Ok(Line { number, email, name: name.to_string(), tenant, user })
}

enum ImportError {
    Lines(Vec<(u64, String)>),
    Store(StoreError),
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_needs_no_more_than_an_address() {
        let lines = read_csv("email\nzoom-user-1@ours.example\n").lines;
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].name, "zoom-user-1@ours.example");
    }

    #[test]
    fn every_wrong_line_is_named() {
        let problems = read_csv("email,name,tenant\nnobody,,\nzoom-user-1@ours.example,One,a/b\n").problems;
        assert_eq!(problems.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn a_file_without_column_names_is_refused() {
        for text in ["zoom-user-1@ours.example,One\n", "", "email\n"] {
            assert_eq!(read_csv(text).problems.len(), 1, "{text:?}");
        }
    }
}
