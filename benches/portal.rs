//! The portal as a process, as it is served: how fast it starts, what memory it takes, what the dashboard costs against an
//! empty handler of the same server, and what pages weigh. `cargo bench --bench portal`; Linux only.
//!
//! Requests come from as many connections as a small office has, one after another on each. Server and client share the
//! machine, so the server's own processor time per request is told beside the rate. Rounds of both handlers alternate.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{SECRET, Spread, booking, hosts, portal, tell};
use duologue::app::bookings::Answer;
use duologue::clock::Stopwatch;
use duologue::domain::names::Password;
use duologue::domain::time::Span;
use duologue::store::sessions::Owner;
use duologue::store::{StoreError, accounts};

const PASSWORD: &str = "three quiet lighthouses";
const CONNECTIONS: usize = 8;
const ROUNDS: usize = 7;
const STARTS: usize = 15;
const SIGN_INS: usize = 40;
/// Requests of a round, and of the load after which memory is looked at.
const REQUESTS: usize = 4_000;
const LOAD: usize = 60_000;
/// What a tick of a process's processor time is on Linux (`sysconf(_SC_CLK_TCK)` is 100 on every platform that Rust runs on).
const TICK_MS: f64 = 10.0;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = prepare(folder.path());
    let starts: Vec<f64> = (0..STARTS).map(|_| Server::start(folder.path()).1).collect();
    let starts = Spread::of(starts);
    tell("start to first answer", &format!("{:.1} ms ({:.1} to {:.1})", starts.middle, starts.least, starts.most), "50 ms");

    let (server, _) = Server::start(folder.path());
    let idle = server.memory();
    let session = sign_in(&server);
    for number in 1..SIGN_INS {
        let _ = server.connect().post("/t/bench/sign-in", &format!("email=host-{number}%40bench.example&password=wrong"));
    }
    tell("memory idle, when started", &format!("{idle:.1} MB"), "40 MB");
    tell("memory idle, after sign-ins", &format!("{:.1} MB", server.memory()), "40 MB");

    dashboard(&server, &session);
    load(&server, "/t/bench", &session, LOAD);
    tell("memory after load", &format!("{:.1} MB", server.memory()), "120 MB");
    weigh(&server, "page weight, join page", &link, "", "14 kB, 4 requests");
    weigh(&server, "page weight, dashboard", "/t/bench", &session, "30 kB, 4 requests");
    let binary = std::fs::metadata(env!("CARGO_BIN_EXE_duologue")).expect("the binary").len();
    tell("binary", &format!("{:.1} MB", binary as f64 / 1e6), "20 MB");
}

/// A tenant with one host who has 20 meetings around now; gives the path of a client's join link.
fn prepare(folder: &Path) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (app, pass) = portal(folder, 256);
        let hosts = hosts(&app, &pass, SIGN_INS).await;
        let host = hosts.users[0].clone();
        let hash = app.hash_password(Password::offered(PASSWORD).expect("a password")).await.expect("a hash");
        let owner = Owner::User(host.id.clone());
        let set = app.store.write::<_, StoreError, _>(move |tx| accounts::set_password_hash(tx, &owner, &hash));
        set.await.expect("a password");
        let mut link = String::new();
        for number in 0..20 {
            let start = (app.now() + Span::minutes(30 + 45 * number)).grid_up();
            let answer = app.book(&hosts.scope, &host, booking(&app, &host, start)).await.expect("an answer");
            let Answer::Accepted(meeting) = answer else { panic!("{answer:?}") };
            link = app.join_link(&meeting, 1);
        }
        format!("/j/{}", link.rsplit('/').next().unwrap_or_default())
    })
}

/// The product, running.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts it, and gives the milliseconds to its first answer.
    fn start(folder: &Path) -> (Self, f64) {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|held| held.local_addr()).expect("a free port");
        let mut command = Command::new(env!("CARGO_BIN_EXE_duologue"));
        command.arg("serve").env_clear().stdout(Stdio::null()).stderr(Stdio::null());
        for (name, value) in [
            ("DATABASE_URL", format!("sqlite://{}", folder.join("bench.db").display())),
            ("DUOLOGUE_BIND", address.to_string()),
            ("DUOLOGUE_SECRET_KEY", SECRET.to_owned()),
            ("ZOOM_API_URL", "http://127.0.0.1:9/v2".to_owned()),
            ("ZOOM_OAUTH_URL", "http://127.0.0.1:9/oauth/token".to_owned()),
            ("ZOOM_ACCOUNT_ID", "a".to_owned()),
            ("ZOOM_CLIENT_ID", "b".to_owned()),
            ("ZOOM_CLIENT_SECRET", "c".to_owned()),
            ("ZOOM_WEBHOOK_SECRET", "d".to_owned()),
            ("SMTP_URL", "smtp://127.0.0.1:9".to_owned()),
            ("MAIL_FROM", "Duologue <meet@bench.example>".to_owned()),
            ("RUST_LOG", "error".to_owned()),
        ] {
            command.env(name, value);
        }
        let watch = Stopwatch::start();
        let process = command.spawn().expect("the product starts");
        let server = Self { process, address };
        while TcpStream::connect(address).is_err() {
            std::thread::yield_now();
        }
        assert_eq!(server.connect().get("/healthz", "").status, 200);
        (server, watch.elapsed().as_secs_f64() * 1000.0)
    }

    fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
        Connection(BufReader::new(stream))
    }

    /// What it holds in memory, in MB.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        line.trim().split(' ').next().and_then(|kilobytes| kilobytes.parse::<f64>().ok()).expect("a size") * 1024.0 / 1e6
    }

    /// The processor time it has used, in ms.
    fn processor_ms(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("Linux");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        // Fields 14 and 15 of proc(5), of which two stand before the `)`.
        [11, 12].iter().map(|at| fields[*at].parse::<f64>().expect("a number")).sum::<f64>() * TICK_MS
    }
}

/// One connection that is kept.
struct Connection(BufReader<TcpStream>);

struct Answered {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Connection {
    fn get(&mut self, path: &str, headers: &str) -> Answered {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n"))
    }

    fn post(&mut self, path: &str, form: &str) -> Answered {
        let head = "host: x\r\nsec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded";
        self.ask(&format!("POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: {}\r\n\r\n{form}", form.len()))
    }

    fn ask(&mut self, request: &str) -> Answered {
        self.0.get_mut().write_all(request.as_bytes()).expect("sent");
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a status line");
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut headers = Vec::new();
        loop {
            line.clear();
            self.0.read_line(&mut line).expect("a header");
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        let mut answered = Answered { status, headers, body: Vec::new() };
        if answered.header("transfer-encoding") == Some("chunked") {
            self.chunks(&mut answered.body);
        } else {
            let length = answered.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
            answered.body.resize(length, 0);
            self.0.read_exact(&mut answered.body).expect("a body");
        }
        answered
    }

    fn chunks(&mut self, body: &mut Vec<u8>) {
        let mut line = String::new();
        loop {
            line.clear();
            self.0.read_line(&mut line).expect("a chunk");
            let length = usize::from_str_radix(line.trim(), 16).expect("a length");
            let begin = body.len();
            body.resize(begin + length, 0);
            self.0.read_exact(&mut body[begin..]).expect("a chunk");
            self.0.read_line(&mut line).expect("its end");
            if length == 0 {
                return;
            }
        }
    }
}

impl Answered {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Signs the host in; gives the header that carries the session.
fn sign_in(server: &Server) -> String {
    let form = format!("email=host-0%40bench.example&password={}", PASSWORD.replace(' ', "+"));
    let answered = server.connect().post("/t/bench/sign-in", &form);
    assert_eq!(answered.status, 303);
    let cookies = answered.headers.iter().filter(|(name, _)| name == "set-cookie");
    let cookies: Vec<&str> = cookies.map(|(_, value)| value.split(';').next().unwrap_or_default()).collect();
    format!("cookie: {}\r\n", cookies.join("; "))
}

/// Asks for a page so many times; gives requests per second, and the server's processor time for each in ms.
fn load(server: &Server, path: &str, headers: &str, requests: usize) -> (f64, f64) {
    let (watch, before) = (Stopwatch::start(), server.processor_ms());
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut connection = server.connect();
                for _ in 0..requests / CONNECTIONS {
                    assert_eq!(connection.get(path, headers).status, 200);
                }
            });
        }
    });
    (requests as f64 / watch.elapsed().as_secs_f64(), (server.processor_ms() - before) / requests as f64)
}

fn dashboard(server: &Server, session: &str) {
    let rounds: Vec<_> =
        (0..ROUNDS).map(|_| (load(server, "/healthz", "", 4 * REQUESTS), load(server, "/t/bench", session, REQUESTS))).collect();
    let rate = Spread::of(rounds.iter().map(|(empty, page)| page.0 / empty.0));
    let work = Spread::of(rounds.iter().map(|(empty, page)| empty.1 / page.1));
    let pages = Spread::of(rounds.iter().map(|(_, page)| page.0)).middle;
    let figure = format!("{:.2} ({:.2} to {:.2}), {pages:.0}/s", rate.middle, rate.least, rate.most);
    tell("dashboard against an empty handler, by rate", &figure, "0.20");
    let figure = format!("{:.2} ({:.2} to {:.2})", work.middle, work.least, work.most);
    tell("dashboard against an empty handler, by work", &figure, "0.20");
}

/// A page with everything it loads, as a browser without anything in its cache gets it.
fn weigh(server: &Server, what: &str, path: &str, session: &str, aim: &str) {
    let mut connection = server.connect();
    let squeezed = format!("{session}accept-encoding: br, gzip\r\n");
    let plain = String::from_utf8_lossy(&connection.get(path, session).body).into_owned();
    let loaded: BTreeSet<&str> = plain.split(['"', '\'']).filter(|text| text.starts_with("/assets/")).collect();
    let page = connection.get(path, &squeezed);
    assert_eq!(page.status, 200, "{path}");
    let bytes: usize = page.body.len() + loaded.iter().map(|path| connection.get(path, &squeezed).body.len()).sum::<usize>();
    tell(what, &format!("{:.1} kB, {} requests", bytes as f64 / 1e3, 1 + loaded.len()), aim);
}
