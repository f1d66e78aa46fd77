//! Long lists in pages. One row more than is shown is read, so that "next" is offered only when there is one.

use url::form_urlencoded;

use crate::web::page::WebError;

/// How many rows a page has.
const LENGTH: usize = 50;
/// One more than is shown: whether there is another page.
pub(super) const LIMIT: i64 = LENGTH as i64 + 1;
/// No list of ours has more pages; a larger number is a slip.
const LAST: usize = 100_000;

/// Which page of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// From 0.
    index: usize,
}

/// The links to the other pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pager {
    pub(super) summary: String,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
}

impl Position {
    /// The page in the address; none means the first.
    pub(super) fn parse(page: &str) -> Result<Self, WebError> {
        let number = if page.is_empty() { Some(1) } else { page.parse().ok() };
        let number: usize = number.filter(|number| (1..=LAST).contains(number)).ok_or_else(WebError::not_found)?;
        Ok(Self { index: number - 1 })
    }

    pub(super) fn offset(self) -> i64 {
        i64::try_from(self.index * LENGTH).unwrap_or(i64::MAX)
    }

    /// This page of a list that is at hand as a whole.
    pub(super) fn cut<T>(self, rows: Vec<T>) -> Vec<T> {
        rows.into_iter().skip(self.index * LENGTH).take(LENGTH + 1).collect()
    }

    /// Takes the row too many off `rows` and says what is before and behind. `filters` stay in the links.
    pub(super) fn pager<T>(self, rows: &mut Vec<T>, path: &str, filters: &[(&str, &str)]) -> Pager {
        let more = rows.len() > LENGTH;
        rows.truncate(LENGTH);
        let link = |index: usize| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(filters.iter().filter(|(_, value)| !value.is_empty()));
            query.append_pair("page", &(index + 1).to_string());
            format!("{path}?{}", query.finish())
        };
        let first = self.index * LENGTH;
        let summary = if rows.is_empty() { "No more".to_owned() } else { format!("{} to {}", first + 1, first + rows.len()) };
        Pager { summary, previous: self.index.checked_sub(1).map(link), next: more.then(|| link(self.index + 1)) }
    }
}

impl Pager {
    /// Whether there is another page to go to.
    pub(super) const fn is_needed(&self) -> bool {
        self.previous.is_some() || self.next.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_too_many_becomes_a_link() {
        let mut rows: Vec<usize> = (0..51).collect();
        let pager = Position::parse("2").unwrap().pager(&mut rows, "/x", &[("q", "a&b"), ("show", "")]);
        assert_eq!((rows.len(), pager.summary.as_str()), (50, "51 to 100"));
        assert_eq!(pager.next.as_deref(), Some("/x?q=a%26b&page=3"));
        assert_eq!(pager.previous.as_deref(), Some("/x?q=a%26b&page=1"));
    }

    #[test]
    fn one_page_needs_no_links() {
        assert!(!Position::parse("").unwrap().pager(&mut vec![1], "/x", &[]).is_needed());
    }

    #[test]
    fn what_is_no_page_is_not_found() {
        for page in ["0", "-1", "x", "100001", "99999999999999999999999"] {
            assert!(Position::parse(page).is_err(), "{page}");
        }
    }
}
