//! Reads pages the way a browser does: what is wrong with the HTML, what it says, and what its forms would send.

use html5ever::ParseOpts;
use html5ever::driver::parse_document;
use html5ever::tendril::TendrilSink;
use html5ever::tokenizer::TokenizerOpts;
use html5ever::tree_builder::TreeBuilderOpts;
use scraper::{ElementRef, Html, HtmlTreeSink, Selector};

/// What a browser had to guess at, each as html5ever's message. None is left out.
pub(crate) fn parse_errors(page: &str) -> Vec<String> {
    let tokenizer = TokenizerOpts { exact_errors: true, ..TokenizerOpts::default() };
    let tree_builder = TreeBuilderOpts { exact_errors: true, ..TreeBuilderOpts::default() };
    let sink = HtmlTreeSink::new(Html::new_document());
    let html = parse_document(sink, ParseOpts { tokenizer, tree_builder }).one(page);
    html.errors.iter().map(ToString::to_string).collect()
}

/// The text of every element that `selector` finds, with its white space evened out.
pub(crate) fn texts(page: &str, selector: &str) -> Vec<String> {
    let html = Html::parse_document(page);
    html.select(&parse(selector)).map(text).collect()
}

/// An attribute of every element that `selector` finds and that has it.
pub(crate) fn attributes(page: &str, selector: &str, name: &str) -> Vec<String> {
    let html = Html::parse_document(page);
    html.select(&parse(selector)).filter_map(|element| element.value().attr(name)).map(str::to_owned).collect()
}

/// A form as a browser without JavaScript would send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// Where it goes; empty: to the page's own address.
    pub(crate) action: String,
    /// `get` or `post`.
    pub(crate) method: String,
    /// Every field that would be sent, hidden ones too, in order.
    pub(crate) fields: Vec<(String, String)>,
}

impl Form {
    /// Every form of a page.
    pub(crate) fn all(page: &str) -> Vec<Self> {
        let html = Html::parse_document(page);
        html.select(&parse("form")).map(Self::of).collect()
    }

    /// The only form that `selector` finds.
    pub(crate) fn on(page: &str, selector: &str) -> Self {
        let html = Html::parse_document(page);
        let forms: Vec<ElementRef<'_>> = html.select(&parse(selector)).collect();
        let [form] = forms[..] else { panic!("{selector} finds {} forms in:\n{page}", forms.len()) };
        Self::of(form)
    }

    fn of(form: ElementRef<'_>) -> Self {
        let controls = parse("input[name], select[name], textarea[name]");
        Self {
            action: form.value().attr("action").unwrap_or_default().to_owned(),
            method: form.value().attr("method").unwrap_or("get").to_lowercase(),
            fields: form.select(&controls).flat_map(sent_by).collect(),
        }
    }

    /// Types `value` into a field. The form must have it: a test that fills in a field nobody sees proves nothing.
    pub(crate) fn fill(mut self, name: &str, value: &str) -> Self {
        let fields: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        let position = fields.iter().position(|field| *field == name);
        let position = position.unwrap_or_else(|| panic!("there is no field {name} among {fields:?}"));
        self.fields[position].1 = value.to_owned();
        self
    }

    /// Ticks a box, or chooses a radio button, that is not yet chosen.
    pub(crate) fn tick(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What a field holds.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// What one control sends (HTML, "constructing the entry list"): nothing when it is disabled, a button or not ticked.
fn sent_by(control: ElementRef<'_>) -> Vec<(String, String)> {
    let element = control.value();
    let name = element.attr("name").unwrap_or_default().to_owned();
    let kind = element.attr("type").unwrap_or("text");
    let is_disabled = element.attr("disabled").is_some() || is_in_disabled_fieldset(control);
    if is_disabled || matches!(kind, "submit" | "button" | "reset" | "image" | "file") {
        return vec![];
    }
    let values = match (element.name(), kind) {
        ("textarea", _) => {
            let typed: String = control.text().collect();
            vec![typed.strip_prefix('\n').unwrap_or(&typed).to_owned()]
        }
        ("select", _) => selected(control),
        (_, "checkbox" | "radio") if element.attr("checked").is_none() => vec![],
        (_, "checkbox" | "radio") => vec![element.attr("value").unwrap_or("on").to_owned()],
        _ => vec![element.attr("value").unwrap_or_default().to_owned()],
    };
    values.into_iter().map(|value| (name.clone(), value)).collect()
}

fn is_in_disabled_fieldset(control: ElementRef<'_>) -> bool {
    let mut around = control.ancestors().filter_map(ElementRef::wrap);
    around.any(|element| element.value().name() == "fieldset" && element.value().attr("disabled").is_some())
}

/// The chosen options; of a plain list without a choice the first one.
fn selected(select: ElementRef<'_>) -> Vec<String> {
    let value = |option: ElementRef<'_>| option.value().attr("value").map_or_else(|| text(option), str::to_owned);
    let chosen: Vec<String> = select.select(&parse("option[selected]")).map(value).collect();
    if !chosen.is_empty() || select.value().attr("multiple").is_some() {
        return chosen;
    }
    select.select(&parse("option:not([disabled])")).take(1).map(value).collect()
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn parse(selector: &str) -> Selector {
    Selector::parse(selector).unwrap_or_else(|error| panic!("{selector}: {error}"))
}
