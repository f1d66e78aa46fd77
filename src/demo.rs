//! `demo`: the whole product on one machine, with a simulated Zoom and a mailbox page, and three tenants to play with.
//!
//! The past is made by the product itself: the same verbs, run on a clock that is set back, against the simulated Zoom in the
//! same process. From then on the portal reaches it over HTTP, as it would reach Zoom.

mod memory;
mod people;
mod story;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Server;
use actix_web::rt::task::JoinHandle;
use url::Url;

use crate::app::{App, Parts};
use crate::clock::{Clock, Ids};
use crate::config::{self, BIND, ConfigError, DemoConfig, SIMULATOR_BIND, Secret};
use crate::mail::{Mailbox, Mailer, Sender};
use crate::store::scope::OperatorPass;
use crate::store::{DatabaseUrl, Store, migrate};
use crate::web::{self, WebOptions};
use crate::zoom::http::HttpTransport;
use crate::zoom::label::Plan;
use crate::zoom::pace::Paced;
use crate::zoom::simulator::{self, Settings, SharedWorld, SimulatorConfig, World};
use crate::zoom::transport::Transport;
use crate::zoom::{Client, Credentials};

pub use people::PASSWORD;

use memory::Memory;

/// The database's file in the demo's folder.
const DATABASE: &str = "duologue.db";
/// How long after the simulator the portal serves at the latest, in milliseconds: then it is asked for its proof.
const UNTIL_SERVING: i64 = 2000;
/// How many licenses the demo's company has bought: fewer than hosts.
const LICENSES: u32 = 3;

/// A running demo.
pub struct Demo {
    /// The portal's URL.
    pub portal: String,
    /// The simulator's URL.
    pub simulator: String,
    /// Where its files are.
    pub folder: PathBuf,
    /// The verbs, for tests.
    pub app: Arc<App>,
    /// The right to run the pool, for tests.
    pub console: OperatorPass,
    /// The simulated Zoom, for tests.
    pub world: SharedWorld,
    /// Every letter that was sent.
    pub mailbox: Mailbox,
    memory: Memory,
}

/// A demo with its two servers. The portal's runs when it is awaited.
pub struct Started {
    /// What is known of it.
    pub demo: Demo,
    /// The portal.
    pub server: Server,
    /// The simulated Zoom with the mailbox; it runs already, because the portal asks it before it is ready.
    pub simulator_server: JoinHandle<std::io::Result<()>>,
}

impl Started {
    /// The parts, for whoever runs the servers apart.
    pub fn into_parts(self) -> (Demo, Server, JoinHandle<std::io::Result<()>>) {
        (self.demo, self.server, self.simulator_server)
    }
}

/// What is the same for the story of the past and for the portal that goes on from there.
struct Stage {
    database: DatabaseUrl,
    world: SharedWorld,
    mailbox: Mailbox,
    secret: Secret,
    webhook_secret: Secret,
    credentials: Credentials,
    base_url: Url,
}

impl Stage {
    fn set(folder: &Path, database: DatabaseUrl, [portal, simulator]: [&str; 2], ids: &Ids) -> anyhow::Result<Self> {
        let credentials = Credentials {
            account_id: "demo".to_owned(),
            client_id: "demo".to_owned(),
            client_secret: hex::encode(ids.bytes::<16>()),
        };
        // A webhook that waits in the folder was signed with it.
        let webhook_secret = key(folder, "webhook.key", ids)?;
        let settings =
            Settings { base_url: simulator.to_owned(), ..Settings::new(credentials.clone(), webhook_secret.reveal(), LICENSES) };
        Ok(Self {
            database,
            world: Arc::new(Mutex::new(World::new(settings, ids.clone()))),
            mailbox: Mailbox::new(Sender::parse("Duologue demo <meetings@duologue.example>")?),
            secret: key(folder, "secret.key", ids)?,
            webhook_secret,
            credentials,
            base_url: Url::parse(portal)?,
        })
    }

    /// The verbs on this clock with this way to the simulated Zoom, and the right to run the pool.
    fn app(&self, transport: impl Transport + 'static, clock: Clock, ids: Ids) -> anyhow::Result<(Arc<App>, OperatorPass)> {
        let store = Store::open(&self.database)?;
        let pass = OperatorPass::console(&store.1);
        let paced = Paced::new(Arc::new(transport), Plan::Pro, clock.clone());
        let app = App::new(Parts {
            store,
            zoom: Client::new(Arc::new(paced), self.credentials.clone(), clock.clone()),
            mailer: Mailer::Mailbox(self.mailbox.clone()),
            clock,
            ids,
            secret_key: self.secret.clone(),
            base_url: self.base_url.clone(),
            webhook_secret: self.webhook_secret.clone(),
        });
        Ok((app, pass))
    }
}

/// Starts everything in the current actix system. A folder that was used before goes on from where it was.
pub async fn start(config: &DemoConfig, folder: &Path) -> anyhow::Result<Started> {
    let listener = listen(BIND, config.bind)?;
    // The simulator takes its address itself, later; held until then, so that nobody waits for a story in vain.
    let reserved = listen(SIMULATOR_BIND, config.simulator_bind)?;
    let simulator_bind = reserved.local_addr()?;
    let (portal, simulator) = (browser_url(listener.local_addr()?), browser_url(simulator_bind));

    std::fs::create_dir_all(folder)?;
    let ids = Ids::random();
    let database = config.database.clone().unwrap_or_else(|| DatabaseUrl::Sqlite(folder.join(DATABASE)));
    let stage = Stage::set(folder, database, [&portal, &simulator], &ids)?;
    let memory = Memory::new(folder, &stage.mailbox, &stage.world);
    tell_once(&stage, folder, &memory).await?;

    // Only now: its webhooks go out by the system's clock, and the story has one of its own.
    let serving_at = Clock::System.now_millis() + UNTIL_SERVING;
    stage.world.lock().unwrap_or_else(PoisonError::into_inner).webhooks_go_out_from(serving_at);
    drop(reserved);
    let (simulator_server, zoom) = simulator::start(
        SimulatorConfig {
            bind: simulator_bind,
            public_url: Some(simulator.clone()),
            webhook_url: Some(format!("{portal}/webhooks/zoom")),
            clock: Clock::System,
        },
        stage.world.clone(),
        crate::mail::mailbox_pages::configure(stage.mailbox.clone()),
    )
    .map_err(|error| ConfigError::cannot_listen(SIMULATOR_BIND, simulator_bind, &error))?;
    let simulator_server = actix_web::rt::spawn(simulator_server);
    let zoom = here(zoom);
    let transport = HttpTransport::new(&format!("http://{zoom}/v2"), &format!("http://{zoom}/oauth/token"))?;
    let (app, console) = stage.app(transport, Clock::System, ids)?;
    app.sync_seats(&console).await?;
    let parts = web::Demo { simulator_url: simulator.clone(), mailbox_url: format!("{simulator}/mailbox") };
    let options = WebOptions { zoom_origins: vec![simulator.clone()], demo: Some(parts), workers: 2, patience: web::PATIENCE };
    let (server, _) = web::start(app.clone(), options, listener)?;
    crate::keeper::start(&app);
    memory.keep_writing();
    let Stage { world, mailbox, .. } = stage;
    let demo = Demo { portal, simulator, folder: folder.to_owned(), app, console, world, mailbox, memory };
    Ok(Started { demo, server, simulator_server })
}

fn listen(setting: &str, address: SocketAddr) -> Result<TcpListener, ConfigError> {
    web::listen(address).map_err(|error| ConfigError::cannot_listen(setting, address, &error))
}

/// Tells the story in a folder that is new; in another, mailbox and simulated Zoom go on from where they were. A mark lies
/// there while it is told: whoever finds one comes after somebody who was killed meanwhile, and tells it again from the
/// start.
async fn tell_once(stage: &Stage, folder: &Path, memory: &Memory) -> anyhow::Result<()> {
    let mark = folder.join("story-is-being-told");
    if mark.exists() {
        for file in [DATABASE.to_owned(), format!("{DATABASE}-wal"), format!("{DATABASE}-shm")] {
            remove_if_there(&folder.join(file))?;
        }
    }
    let is_new = match &stage.database {
        DatabaseUrl::Sqlite(file) => !file.exists(),
        DatabaseUrl::Postgres(_) => !migrate::pending(&stage.database)?.is_empty(),
    };
    let hire = || people::hire(&stage.world, Clock::System.now());
    if is_new {
        std::fs::write(&mark, "")?;
        memory.forget()?;
        migrate::up(&stage.database)?;
        hire();
        story::tell(stage).await?;
    } else {
        migrate::up(&stage.database)?;
        if !memory.recall() {
            hire();
        }
    }
    memory.write()?;
    Ok(remove_if_there(&mark)?)
}

fn remove_if_there(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A key of a folder, made once: links in letters of an earlier run go on working.
fn key(folder: &Path, name: &str, ids: &Ids) -> std::io::Result<Secret> {
    let path = folder.join(name);
    if let Ok(known) = std::fs::read_to_string(&path)
        && known.len() >= config::SHORTEST_KEY
    {
        return Ok(Secret::new(known));
    }
    let key = hex::encode(ids.bytes::<32>());
    std::fs::write(&path, &key)?;
    Ok(Secret::new(key))
}

/// How this machine reaches what listens at `address`.
fn here(address: SocketAddr) -> SocketAddr {
    let loopback: IpAddr = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    if address.ip().is_unspecified() { SocketAddr::new(loopback, address.port()) } else { address }
}

fn browser_url(address: SocketAddr) -> String {
    format!("http://{address}")
}

impl Demo {
    /// Writes mailbox and simulated Zoom into the folder, as happens every second anyway: for the stop.
    pub fn keep(&self) -> io::Result<()> {
        self.memory.write()
    }

    /// What a newcomer reads in the terminal.
    pub fn welcome(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        let _ = writeln!(text, "\nDuologue is running. Nothing here reaches Zoom, and no mail leaves this machine.\n");
        let _ = writeln!(text, "  Portal        {}", self.portal);
        let _ = writeln!(text, "  Zoom (played) {}      its users, licenses, meetings, webhooks and faults", self.simulator);
        let _ = writeln!(text, "  Mailbox       {}/mailbox   every letter that Duologue sends\n", self.simulator);
        let _ = writeln!(text, "  Everybody's password: {PASSWORD}\n");
        for tenant in people::TENANTS {
            let _ = writeln!(text, "  {:<18} {}/t/{}/sign-in", tenant.name, self.portal, tenant.slug);
            for user in tenant.users {
                let role = if user.admin { "admin" } else { "staff" };
                let _ = writeln!(text, "      {role}  {}", user.email);
            }
        }
        let _ = writeln!(text, "  {:<18} {}/operator/sign-in", "Operator", self.portal);
        let _ = writeln!(text, "             {}\n", people::OPERATOR_EMAIL);
        let _ = writeln!(
            text,
            "  Try this: sign in as {}, choose New meeting, then Start one now;",
            people::TENANTS[0].users[0].email
        );
        let _ = writeln!(
            text,
            "  open the client's letter in the mailbox in a private window, and follow its link. Press Ctrl+C to stop."
        );
        let _ = writeln!(text, "  It can go on from there: duologue demo --folder {}", self.folder.display());
        text
    }
}
