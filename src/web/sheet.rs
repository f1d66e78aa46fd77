//! Tables to take away: CSV as RFC 4180 describes it, in UTF-8 with a row of headings, sent as it is read.
//!
//! Spreadsheets run cells that begin like a formula. Such a cell is led by an apostrophe, which they show as text
//! (<https://owasp.org/www-community/attacks/CSV_Injection>).

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use csv::{Terminator, WriterBuilder};
use futures_util::stream::{self, Stream, StreamExt as _};

use super::page::{Answer, WebError};

/// Some rows of a sheet.
pub(super) type Rows = Vec<Vec<String>>;

/// A sheet that is saved under `name`, which is plain ASCII. It is read and sent piece by piece, so that its length costs no
/// memory; a piece that fails breaks the transfer off, and no half of a sheet looks whole.
pub(super) fn answer(name: &str, headings: &[&str], pieces: impl Stream<Item = Result<Rows, WebError>> + 'static) -> Answer {
    let headings = lines(&[headings.iter().map(ToString::to_string).collect()])?;
    let rows = pieces.map(|piece| {
        let written = piece.and_then(|rows| lines(&rows));
        written.inspect_err(|error| tracing::error!(%error, "a sheet could not be sent to its end"))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")))
        .streaming(stream::once(async { Ok(headings) }).chain(rows)))
}

fn lines(rows: &[Vec<String>]) -> Result<Bytes, WebError> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    let failed = |error: &dyn std::fmt::Display| WebError::failed(format!("a sheet could not be written: {error}"));
    for row in rows {
        writer.write_record(row.iter().map(|cell| harmless(cell))).map_err(|error| failed(&error))?;
    }
    writer.into_inner().map(Bytes::from).map_err(|error| failed(&error))
}

/// The cell as no spreadsheet takes it for a formula.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rows: &[&[&str]]) -> String {
        let rows: Rows = rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect();
        String::from_utf8(lines(&rows).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn cells_are_quoted_and_lines_end_as_the_standard_says() {
        assert_eq!(written(&[&["a", "b"], &["say \"no\"", "x, y"]]), "a,b\r\n\"say \"\"no\"\"\",\"x, y\"\r\n");
    }

    #[test]
    fn no_cell_begins_like_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            let cell = written(&[&[formula, "x"]]);
            assert!(cell.trim_start_matches('"').starts_with('\''), "{cell:?}");
        }
        assert_eq!(written(&[&["a=1", "2026-11-24T11:00:00+01:00"]]), "a=1,2026-11-24T11:00:00+01:00\r\n");
    }

    #[test]
    fn what_was_written_is_read_again() {
        let cells = ["line\r\nbreak", "ünï", "", "\"", ","];
        let text = written(&[&cells]);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let read: Vec<String> = reader.records().next().unwrap().unwrap().iter().map(ToOwned::to_owned).collect();
        assert_eq!(read, cells);
    }
}
