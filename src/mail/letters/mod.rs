//! What each letter says: typed facts in, a finished [`Letter`](super::Letter) out. The words are in `templates/mail/`.
//!
//! Each letter has a subject, a plain text that is complete on its own, and the same as HTML. No pictures from elsewhere,
//! no counted links. What people typed (a topic, a name) is never part of a subject's first words nor made a link.

mod account;
mod meeting;

use askama::Template;

pub use account::{Account, account_invitation, password_changed, password_reset};
pub use meeting::{MeetingFacts, cancelled, changed, invitation, rescheduled};

/// A letter could not be written: a mistake in a template, since the facts are all typed.
#[derive(Debug, thiserror::Error)]
#[error("the letter's template could not be filled in: {0}")]
pub struct LetterError(#[from] askama::Error);

/// The three renderings of a letter.
struct Rendered {
    subject: super::Subject,
    text: String,
    html: String,
}

fn rendered(subject: &impl Template, text: &impl Template, html: &impl Template) -> Result<Rendered, LetterError> {
    Ok(Rendered { subject: super::Subject::new(&subject.render()?), text: text.render()?, html: html.render()? })
}

/// Defines a function that renders one letter's three templates from the same view.
macro_rules! rendering {
    ($render:ident($view:ident): $subject:literal, $text:literal, $html:literal) => {
        fn $render(view: &$view) -> Result<super::Rendered, super::LetterError> {
            #[derive(askama::Template)]
            #[template(path = $subject)]
            struct Subject<'a> {
                it: &'a $view,
            }
            #[derive(askama::Template)]
            #[template(path = $text)]
            struct Text<'a> {
                it: &'a $view,
            }
            #[derive(askama::Template)]
            #[template(path = $html)]
            struct Html<'a> {
                it: &'a $view,
            }
            super::rendered(&Subject { it: view }, &Text { it: view }, &Html { it: view })
        }
    };
}
use rendering;

#[cfg(test)]
mod tests;
