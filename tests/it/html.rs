//! The reader of HTML that page tests rely on: it must see what is wrong, and send what a browser would.

use crate::support::html::{Form, attributes, parse_errors, texts};

const GOOD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>A</title></head>\
    <body><main><h1>A &amp; B</h1><p>One<br>two</p><svg viewBox=\"0 0 1 1\"><path d=\"M0 0\"/></svg></main></body></html>";

#[test]
fn a_clean_page_has_no_errors() {
    assert_eq!(parse_errors(GOOD), Vec::<String>::new());
}

#[test]
fn what_a_browser_has_to_guess_at_is_an_error() {
    for (what, broken) in [
        ("no doctype", GOOD.replace("<!doctype html>", "")),
        ("an end tag without a beginning", GOOD.replace("</main>", "</section></main>")),
        ("a tag that is never closed", GOOD.replace("<p>", "<p><strong>")),
        ("an attribute twice", GOOD.replace("<h1>", "<h1 id=a id=b>")),
        ("a block inside a button's paragraph", GOOD.replace("One", "<div>One</div>")),
        ("two forms in one another", GOOD.replace("<p>", "<form><form></form></form><p>")),
        ("an unknown character reference", GOOD.replace("&amp;", "&nosuch;")),
        ("a quote in an attribute's name", GOOD.replace("<h1>", "<h1 a\"b>")),
    ] {
        assert!(!parse_errors(&broken).is_empty(), "{what}");
    }
}

#[test]
fn texts_and_attributes_are_found() {
    assert_eq!(texts(GOOD, "main h1"), ["A & B"]);
    assert_eq!(attributes(GOOD, "html", "lang"), ["en"]);
}

const FORM: &str = "<form id=book method=POST action=/meetings>\
    <input type=hidden name=token value=t1><input name=topic value=\"A &quot;B&quot;\"><input name=empty>\
    <input type=checkbox name=remind value=yes checked><input type=checkbox name=record>\
    <input type=radio name=kind value=a><input type=radio name=kind value=b checked>\
    <select name=zone><option value=x>X</option><option selected>Y</option></select>\
    <select name=length><option>30</option><option>45</option></select>\
    <textarea name=note>\nHello</textarea><input name=off value=1 disabled>\
    <fieldset disabled><input name=also_off value=1></fieldset><input type=submit name=go value=Go></form>\
    <form id=other></form>";

#[test]
fn a_form_sends_what_a_browser_would_send() {
    let form = Form::on(FORM, "#book").fill("topic", "New").tick("record", "on");
    assert_eq!((form.action.as_str(), form.method.as_str()), ("/meetings", "post"));
    let fields: Vec<String> = form.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let expected = ["token=t1", "topic=New", "empty=", "remind=yes", "kind=b", "zone=Y", "length=30", "note=Hello", "record=on"];
    assert_eq!(fields, expected);
    assert_eq!(form.value("zone"), Some("Y"));
}

#[test]
#[should_panic(expected = "there is no field ghost")]
fn a_field_that_nobody_sees_cannot_be_filled_in() {
    let _ = Form::on(FORM, "#book").fill("ghost", "1");
}
