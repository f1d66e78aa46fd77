//! A headless Chromium for one test, driven through chromedriver on a port that nobody else has.
//!
//! [`browse`] starts both, hands over a [`Page`], and ends both whatever happened to the test. What the page does not show
//! (the accessibility tree's defects, the console) is asked for by [`Page::axe`] and [`Page::console_errors`].

use std::ops::{AsyncFnOnce, Deref};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use futures_util::FutureExt;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What kind of browser the person has.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    /// Whether pages may run scripts.
    pub(crate) javascript: bool,
    /// The size of the page in CSS pixels.
    pub(crate) size: (u32, u32),
    /// Whether the person prefers dark pages.
    pub(crate) dark: bool,
    /// Whether the person prefers that nothing moves.
    pub(crate) reduced_motion: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { javascript: true, size: (1280, 900), dark: false, reduced_motion: false }
    }
}

impl Options {
    /// A phone of 320 CSS pixels: the narrowest that WCAG 1.4.10 asks for.
    pub(crate) fn phone() -> Self {
        Self { size: (320, 640), ..Self::default() }
    }

    /// A browser that runs no script.
    pub(crate) fn without_javascript() -> Self {
        Self { javascript: false, ..Self::default() }
    }

    fn capabilities(self, profile: &Path) -> Capabilities {
        let (width, height) = self.size;
        let args = [
            "--headless=new".to_owned(),
            // The sandbox needs a user other than root, which CI does not have; the pages are our own.
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--force-color-profile=srgb".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--lang=en".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.display()),
        ];
        let options = json!({
            "binary": program(&["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]),
            "args": args,
            "prefs": {
                // Offering to keep a test's password would only be in the way.
                "credentials_enable_service": false,
                "profile.password_manager_leak_detection": false,
            },
        });
        Capabilities::from_iter([
            ("browserName".to_owned(), json!("chrome")),
            ("goog:chromeOptions".to_owned(), options),
            ("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" })),
        ])
    }
}

/// Runs `journey` in a browser of its own.
pub(crate) async fn browse<T>(options: Options, journey: impl AsyncFnOnce(&Page) -> T) -> T {
    let profile = tempfile::tempdir().unwrap();
    let driver = Driver::start().await;
    let client = ClientBuilder::new(HttpConnector::new())
        .capabilities(options.capabilities(profile.path()))
        .connect(&format!("http://127.0.0.1:{}", driver.port))
        .await
        .expect("chromedriver starts chromium");
    let page = Page { client, options };
    page.prepare().await;
    let outcome = AssertUnwindSafe(journey(&page)).catch_unwind().await;
    // Closing the session ends the browser; a test that failed must not leave one behind.
    let closed = page.client.close().await;
    drop(driver);
    match outcome {
        Ok(value) => {
            closed.expect("the browser was still there at the end");
            value
        }
        Err(panic) => resume_unwind(panic),
    }
}

/// The page in front of the person. Dereferences to fantoccini's [`Client`]: `goto`, `find`, `form`, `execute` …
pub(crate) struct Page {
    client: Client,
    options: Options,
}

impl Deref for Page {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

/// What axe-core found wrong.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The rule, such as `color-contrast`.
    pub(crate) rule: String,
    /// How bad it is: `minor` to `critical`.
    pub(crate) impact: String,
    /// The elements, each as its HTML and what is wrong with it.
    pub(crate) elements: Vec<String>,
}

const AXE: &str = include_str!("../../vendor/axe-core/axe.min.js");

/// WCAG 2.2 A and AA, and what axe calls best practice.
const RUN_AXE: &str = r"
    const done = arguments[arguments.length - 1];
    axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        resultTypes: ['violations'],
    }).then(done, (error) => done({ error: String(error) }));
";

/// The texts in cards whose boxes end beyond the card's own; what is for screen readers only is clipped on purpose.
const SPILLS: &str = r"
    const found = [];
    const look = (part, edge) => {
        if (part.nodeType === Node.TEXT_NODE) {
            const range = document.createRange();
            range.selectNodeContents(part);
            const right = Math.max(0, ...[...range.getClientRects()].filter((box) => box.width).map((box) => box.right));
            if (right > edge + 1) found.push(`${Math.ceil(right - edge)} px: ${part.data.trim().slice(0, 60)}`);
        } else if (part.nodeType === Node.ELEMENT_NODE && getComputedStyle(part).clipPath === 'none') {
            if (part.getBoundingClientRect().right > edge + 1) found.push(part.outerHTML.slice(0, 80));
            part.childNodes.forEach((child) => look(child, edge));
        }
    };
    for (const card of document.querySelectorAll('.card, .hero, .tile, .notice')) {
        const edge = card.getBoundingClientRect().right;
        card.childNodes.forEach((child) => look(child, edge));
    }
    return found;
";

impl Page {
    async fn prepare(&self) {
        let options = self.options;
        let (width, height) = options.size;
        // A window cannot be made as narrow as a phone; the page in it can.
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if options.dark { "dark" } else { "light" };
        let motion = if options.reduced_motion { "reduce" } else { "no-preference" };
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": motion },
        ]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
        self.let_scripts_run(options.javascript).await;
    }

    /// Without scripts `<noscript>` shows, and what the driver runs still runs, but for timers and promises.
    async fn let_scripts_run(&self, run: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !run })).await;
    }

    /// Every violation of WCAG 2.2 AA that axe-core finds on the page as it is now. The strictest policy does not keep it
    /// out, because the driver runs it and not the page.
    pub(crate) async fn axe(&self) -> Vec<Violation> {
        // axe-core needs timers. What the page's own scripts did not do when it was loaded, they do not do now.
        self.let_scripts_run(true).await;
        self.client.execute(AXE, vec![]).await.expect("axe-core loads");
        let found = self.client.execute_async(RUN_AXE, vec![]).await.expect("axe-core runs");
        self.let_scripts_run(self.options.javascript).await;
        let violations = found["violations"].as_array().unwrap_or_else(|| panic!("axe-core failed: {found}"));
        violations.iter().map(Violation::from_axe).collect()
    }

    /// What the browser complained about since it was last asked: script errors, refused policies, missing files.
    pub(crate) async fn console_errors(&self) -> Vec<String> {
        let body = json!({ "type": "browser" });
        let entries = self.command("se/log", body).await;
        let entries = entries.as_array().expect("the log is a list").clone();
        let bad = |entry: &&Value| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING"));
        entries.iter().filter(bad).map(|entry| text_of(&entry["message"])).collect()
    }

    /// Keeps a picture of the whole page as `target/screenshots/<name>.png` for people to look at.
    pub(crate) async fn screenshot(&self, name: &str) -> PathBuf {
        let shot = self.devtools("Page.captureScreenshot", json!({ "captureBeyondViewport": true })).await;
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text_of(&shot["data"])).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// How far the page is wider than the window, in CSS pixels: a person should never scroll sideways.
    pub(crate) async fn sideways_overflow(&self) -> i64 {
        let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        self.client.execute(script, vec![]).await.unwrap().as_i64().unwrap()
    }

    /// What sticks out of its card, or is cut off there: the beginnings of the texts.
    pub(crate) async fn spills(&self) -> Vec<String> {
        let found = self.client.execute(SPILLS, vec![]).await.unwrap();
        found.as_array().expect("a list").iter().map(text_of).collect()
    }

    /// A command of the browser's own debugging protocol, such as `Emulation.setTimezoneOverride`.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    async fn command(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(SessionCommand { path, body }).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

impl Violation {
    fn from_axe(violation: &Value) -> Self {
        let nodes = violation["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let element = |node: &Value| format!("{}: {}", text_of(&node["html"]), text_of(&node["failureSummary"]));
        Self {
            rule: text_of(&violation["id"]),
            impact: text_of(&violation["impact"]),
            elements: nodes.iter().map(element).collect(),
        }
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What chromedriver understands beyond the standard.
#[derive(Debug)]
struct SessionCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for SessionCommand {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

/// A chromedriver that runs as long as this lives.
struct Driver {
    _process: Child,
    port: u16,
}

impl Driver {
    /// Starts it on a port of the system's choice, which it tells on its output.
    async fn start() -> Self {
        let mut process = Command::new(program(&["/usr/bin/chromedriver", "/usr/lib/chromium/chromedriver"]))
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver starts");
        let mut lines = BufReader::new(process.stdout.take().expect("its output is ours")).lines();
        while let Some(line) = lines.next_line().await.expect("chromedriver writes text") {
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                let port = port.trim_end_matches('.').parse().expect("a port is a number");
                return Self { _process: process, port };
            }
        }
        panic!("chromedriver ended before it was ready");
    }
}

/// The first of these programs that is installed.
fn program(paths: &[&str]) -> String {
    let found = paths.iter().find(|path| Path::new(path).exists());
    (*found.unwrap_or_else(|| panic!("none of {paths:?} is installed: run scripts/test.sh"))).to_owned()
}
