//! The browser that page tests rely on: it must see a planted defect, and find nothing on a clean page.

use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::{App, HttpResponse, HttpServer, web};
use fantoccini::Locator;

use crate::support::browser::{Options, browse};

/// A page under the policy that the portal's own pages have.
fn page(body: &str) -> HttpResponse {
    let policy =
        "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'self'";
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Test</title><link rel=\"stylesheet\" href=\"/style.css\"><script src=\"/script.js\" defer></script>\
         <link rel=\"icon\" href=\"data:,\"></head><body><main><h1>Test</h1><noscript>No scripts</noscript>{body}</main></body></html>"
    );
    HttpResponse::Ok().content_type("text/html; charset=utf-8").insert_header((CONTENT_SECURITY_POLICY, policy)).body(html)
}

const STYLE: &str = "body { color: #111; background: #fff } .faint { color: #ccc } #scheme::after { content: 'light' } \
     @media (prefers-color-scheme: dark) { body { color: #eee; background: #111 } } .wide { width: 500px } \
     .card { width: 120px } .cut { overflow-x: auto } .hidden { position: absolute; clip-path: inset(50%); white-space: nowrap }";

/// Serves the pages on a free port until the test is over.
fn serve() -> String {
    let server = HttpServer::new(|| {
        App::new()
            .route("/style.css", web::get().to(async || HttpResponse::Ok().content_type("text/css").body(STYLE)))
            .route(
                "/script.js",
                web::get().to(async || {
                    let script = "document.querySelector('h1').textContent = 'Script ran'";
                    HttpResponse::Ok().content_type("text/javascript").body(script)
                }),
            )
            .route("/clean", web::get().to(async || page("<form><label>Name <input name=\"name\"></label></form>")))
            .route("/unlabelled", web::get().to(async || page("<form><input name=\"name\"></form>")))
            .route("/faint", web::get().to(async || page("<p class=\"faint\">Hard to read</p>")))
            .route("/noisy", web::get().to(async || page("<script>alert(1)</script><img src=\"/gone.png\" alt=\"\">")))
            .route(
                "/cards",
                web::get().to(async || {
                    let long = "2026-11-25&nbsp;08:40&nbsp;UTC,&nbsp;and&nbsp;on";
                    page(&format!(
                        "<p class=\"card\">Short words that go on to the next line</p><p class=\"card\">Since {long}</p>\
                         <div class=\"card\"><pre class=\"cut\">Cut {long}</pre><span class=\"hidden\">Read out {long}</span></div>\
                         <div class=\"card\"><div class=\"wide\"></div></div>"
                    ))
                }),
            )
            .route("/wide", web::get().to(async || page("<p class=\"wide\">Too wide for a phone</p>")))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    format!("http://{address}")
}

#[actix_web::test]
async fn axe_finds_planted_defects_and_nothing_on_a_clean_page() {
    let site = serve();
    browse(Options::default(), async |page| {
        page.goto(&format!("{site}/clean")).await.unwrap();
        let found = page.axe().await;
        assert!(found.is_empty(), "{found:?}");
        for (path, rule) in [("/unlabelled", "label"), ("/faint", "color-contrast")] {
            page.goto(&format!("{site}{path}")).await.unwrap();
            let found = page.axe().await;
            let violation = found.iter().find(|violation| violation.rule == rule);
            let violation = violation.unwrap_or_else(|| panic!("{path}: {found:?}"));
            assert!(!violation.impact.is_empty() && violation.elements.len() == 1, "{violation:?}");
        }
    })
    .await;
}

#[actix_web::test]
async fn scripts_run_unless_they_are_switched_off() {
    let site = serve();
    for (options, heading) in [(Options::default(), "Script ran"), (Options::without_javascript(), "Test")] {
        browse(options, async |page| {
            page.goto(&format!("{site}/clean")).await.unwrap();
            assert_eq!(page.find(Locator::Css("h1")).await.unwrap().text().await.unwrap(), heading);
            // The driver's own `text` passes over <noscript>.
            let shown = page.execute("return document.body.innerText", vec![]).await.unwrap();
            assert_eq!(shown.as_str().unwrap().contains("No scripts"), !options.javascript, "{shown}");
            let found = page.axe().await;
            assert!(found.is_empty(), "{found:?}");
            page.refresh().await.unwrap();
            assert_eq!(page.find(Locator::Css("h1")).await.unwrap().text().await.unwrap(), heading);
        })
        .await;
    }
}

#[actix_web::test]
async fn the_console_tells_of_what_the_policy_refused_and_of_missing_files() {
    let site = serve();
    browse(Options::default(), async |page| {
        page.goto(&format!("{site}/clean")).await.unwrap();
        assert_eq!(page.console_errors().await, Vec::<String>::new());
        page.goto(&format!("{site}/noisy")).await.unwrap();
        let errors = page.console_errors().await.join("\n");
        assert!(errors.contains("Content Security Policy") && errors.contains("/gone.png"), "{errors}");
    })
    .await;
}

#[actix_web::test]
async fn what_sticks_out_of_its_card_is_seen() {
    let site = serve();
    browse(Options::default(), async |page| {
        page.goto(&format!("{site}/cards")).await.unwrap();
        let spills = page.spills().await;
        assert_eq!(spills.len(), 3, "{spills:?}");
        let seen = spills.join("\n");
        assert!(seen.contains("px: Since 2026") && seen.contains("px: Cut 2026") && seen.contains("class=\"wide\""), "{seen}");
        assert_eq!(page.sideways_overflow().await, 0, "the page itself is wide enough");
        page.goto(&format!("{site}/clean")).await.unwrap();
        assert_eq!(page.spills().await, Vec::<String>::new());
    })
    .await;
}

#[actix_web::test]
async fn a_dark_narrow_screen_is_dark_and_narrow() {
    let site = serve();
    let background = "return getComputedStyle(document.body).backgroundColor";
    browse(Options { dark: true, ..Options::phone() }, async |page| {
        page.goto(&format!("{site}/clean")).await.unwrap();
        assert_eq!(page.execute(background, vec![]).await.unwrap(), "rgb(17, 17, 17)");
        assert_eq!(page.execute("return innerWidth", vec![]).await.unwrap(), 320);
        assert_eq!(page.sideways_overflow().await, 0);
        page.goto(&format!("{site}/wide")).await.unwrap();
        assert!(page.sideways_overflow().await > 100);
        let picture = std::fs::read(page.screenshot("browser-self-test").await).unwrap();
        assert!(picture.starts_with(b"\x89PNG"));
    })
    .await;
    browse(Options { reduced_motion: true, ..Options::default() }, async |page| {
        page.goto(&format!("{site}/clean")).await.unwrap();
        assert_eq!(page.execute(background, vec![]).await.unwrap(), "rgb(255, 255, 255)");
        let still = "return matchMedia('(prefers-reduced-motion: reduce)').matches";
        assert_eq!(page.execute(still, vec![]).await.unwrap(), true);
    })
    .await;
}
