//! Replies in the shapes of Zoom's API.

use serde_json::{Value, json};

use crate::zoom::transport::Reply;

/// A call that Zoom does not carry out.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Refusal {
    /// The API's usual shape.
    pub(super) fn new(status: u16, code: i64, message: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: json!({"code": code, "message": message.into()}) }
    }

    /// A field with a wrong value (code 300).
    pub(super) fn field(field: &str, message: &str) -> Self {
        let errors = json!([{"field": field, "message": message}]);
        Self { status: 400, headers: Vec::new(), body: json!({"code": 300, "message": "Validation Failed.", "errors": errors}) }
    }

    /// The token endpoint's shape.
    pub(super) fn oauth(status: u16, reason: &str, error: &str) -> Self {
        Self { status, headers: Vec::new(), body: json!({"reason": reason, "error": error}) }
    }

    pub(super) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(super) fn no_such_user(key: &str) -> Self {
        Self::new(404, 1001, format!("User does not exist: {key}."))
    }

    pub(super) fn no_such_meeting(number: &str) -> Self {
        Self::new(404, 3001, format!("Meeting does not exist: {number}."))
    }

    pub(super) fn into_reply(self) -> Reply {
        let mut reply = json_reply(self.status, &self.body);
        reply.headers.extend(self.headers);
        reply
    }
}

pub(super) fn json_reply(status: u16, body: &Value) -> Reply {
    let headers = vec![("content-type".to_owned(), "application/json;charset=UTF-8".to_owned())];
    Reply { status, headers, body: body.to_string().into_bytes() }
}

pub(super) fn no_content() -> Reply {
    Reply { status: 204, headers: Vec::new(), body: Vec::new() }
}
