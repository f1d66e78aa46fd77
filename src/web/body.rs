//! The body of a request and the ids in it: read within bounds, before anything is done with them.
//!
//! What must stay true: a body that is too large, too slow or broken is the sender's mistake and never ours; no path of ours
//! holds the character NUL, which PostgreSQL cannot store; an id is one that could be ours before it is looked for.

use std::pin::Pin;
use std::str::FromStr;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, FromRequest, HttpRequest, ResponseError as _};

use super::page::WebError;
use super::server::site;

/// A body as it came: at most as large as the server takes, and within its patience.
pub(super) struct Body(pub(super) Bytes);

impl FromRequest for Body {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let reading = Bytes::from_request(request, payload);
        let patience = site(request).options.patience;
        Box::pin(async move {
            match tokio::time::timeout(patience, reading).await {
                Ok(Ok(bytes)) => Ok(Self(bytes)),
                Ok(Err(error)) if error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE => {
                    Err(WebError::too_large())
                }
                Ok(Err(_)) => {
                    Err(WebError::bad_request("What was sent is broken. Go back, load the page again and repeat your entry."))
                }
                Err(_) => Err(WebError::too_slow()),
            }
        })
    }
}

/// Refuses a path that holds the character NUL: none of ours does. Fields are parsed by their own rules, which say so in words.
pub(super) async fn plain_address(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if holds_nul(request.uri().path()) {
        return Ok(request.into_response(WebError::not_found().error_response()));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Whether text that is encoded for a URL or a form holds the character NUL.
fn holds_nul(encoded: &str) -> bool {
    encoded.contains("%00") || encoded.contains('\0')
}

/// The id in the path.
pub(super) fn id_in<T: FromStr>(request: &HttpRequest) -> Result<T, WebError> {
    id(request.match_info().get("id").unwrap_or_default())
}

/// An id that was sent to us; what can be none of ours does not exist.
pub(super) fn id<T: FromStr>(text: &str) -> Result<T, WebError> {
    text.parse().map_err(|_| WebError::not_found())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::MeetingId;

    #[test]
    fn nul_is_found_however_it_is_written() {
        assert!(holds_nul("/t/x%00y") && holds_nul("q=\0"));
        assert!(!holds_nul("/t/x%2500y?q=%01") && !holds_nul("a=100%25"));
    }

    #[test]
    fn what_can_be_no_id_of_ours_is_not_found() {
        assert!(id::<MeetingId>("0192-abc").is_ok());
        for text in ["", "a b", "a\0", "a/b", "ä", &"a".repeat(65)] {
            assert_eq!(id::<MeetingId>(text).unwrap_err().status_code(), StatusCode::NOT_FOUND, "{text:?}");
        }
    }
}
