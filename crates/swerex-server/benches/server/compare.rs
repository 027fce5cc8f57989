//! Both servers at the same work, in turns.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    Plan, files, floods,
    server::{Program, Server},
};

/// What is measured, in a unit of its own; less is better.
struct Measure {
    name: &'static str,
    unit: &'static str,
    /// The least ratio of the Python server's number to ours that is asked for.
    least: Option<f64>,
    /// The most that ours may be, in the unit.
    most: Option<f64>,
    rounds: fn(usize) -> usize,
    run: fn(&Program) -> f64,
}

const MEASURES: &[Measure] = &[
    Measure {
        name: "start to first answer",
        unit: "ms",
        least: Some(50.0),
        most: Some(10.0),
        rounds: |rounds| rounds * 2,
        run: |program| milliseconds(program.start().startup),
    },
    Measure {
        name: "idle memory",
        unit: "MB",
        least: Some(8.0),
        most: Some(6.0),
        rounds: |rounds| rounds,
        run: |program| {
            let server = program.start();
            thread::sleep(Duration::from_secs(1));
            megabytes(server.memory())
        },
    },
    Measure {
        name: "execute `true`, median",
        unit: "ms",
        least: Some(3.0),
        most: None,
        rounds: |rounds| rounds,
        run: |program| {
            let (_server, mut connection) = program.start().into_connection();
            median_of(200, || {
                connection.post("/execute", &json!({"command": ["true"]}));
            })
        },
    },
    Measure {
        name: "run_in_session `true`, median",
        unit: "ms",
        least: Some(50.0),
        most: Some(2.0),
        rounds: |rounds| rounds,
        run: |program| {
            let (_server, mut connection) = program.start().into_connection();
            connection.post("/create_session", &json!({"session_type": "bash"}));
            let action = json!({"action_type": "bash", "command": "true", "timeout": 10});
            median_of(30, || {
                connection.post("/run_in_session", &action);
            })
        },
    },
    Measure {
        name: "10 MB of session output",
        unit: "s",
        least: Some(100.0),
        most: Some(0.3),
        rounds: |rounds| rounds.div_ceil(3),
        run: |program| {
            let (_server, mut connection) = program.start().into_connection();
            connection.post("/create_session", &json!({"session_type": "bash"}));
            let action = json!({"action_type": "bash", "command": "yes 0123456789012345678 | head -c 10000000", "timeout": 300});
            let started = Instant::now();
            let body = connection.post("/run_in_session", &action);
            assert!(body.len() > 10_000_000, "{} bytes", body.len());
            started.elapsed().as_secs_f64()
        },
    },
    Measure {
        name: "8 parallel `sleep 1`",
        unit: "s",
        least: None,
        most: Some(1.2),
        rounds: |rounds| rounds.div_ceil(3),
        run: |program| {
            let server = program.start();
            let started = Instant::now();
            thread::scope(|scope| {
                for _ in 0..8 {
                    let mut connection = server.connect();
                    scope.spawn(move || {
                        connection.post("/execute", &json!({"command": ["sleep", "1"]}));
                    });
                }
            });
            started.elapsed().as_secs_f64()
        },
    },
    Measure {
        name: "memory for a 500 MB upload",
        unit: "MB",
        least: None,
        most: Some(32.0),
        rounds: |rounds| rounds.div_ceil(5),
        run: |program| {
            let (server, mut connection) = program.start().into_connection();
            let home = std::env::temp_dir().join(format!("swerex-bench-{}", std::process::id()));
            fs::create_dir_all(&home).unwrap();
            connection.upload(&home.join("file"), 500);
            fs::remove_dir_all(&home).unwrap();
            megabytes(server.peak_memory())
        },
    },
    Measure {
        name: "create_session, median",
        unit: "ms",
        least: None,
        most: Some(15.0),
        rounds: |rounds| rounds.div_ceil(3),
        run: |program| {
            let (_server, mut connection) = program.start().into_connection();
            let session = json!({"session_type": "bash"});
            let times = (0..10).map(|_| {
                let started = Instant::now();
                connection.post("/create_session", &session);
                let created = milliseconds(started.elapsed());
                connection.post("/close_session", &session);
                created
            });
            median(times.collect())
        },
    },
    Measure {
        name: "is_alive during a command",
        unit: "ms",
        least: None,
        most: Some(5.0),
        rounds: |rounds| rounds.div_ceil(3),
        run: |program| {
            let server = program.start();
            let (mut busy, mut other) = (server.connect(), server.connect());
            thread::scope(|scope| {
                scope.spawn(move || busy.post("/execute", &json!({"command": ["sleep", "2"]})));
                thread::sleep(Duration::from_millis(200));
                let started = Instant::now();
                other.get("/is_alive");
                milliseconds(started.elapsed())
            })
        },
    },
    Measure {
        name: "is_alive, 4 sessions flood, worst",
        unit: "ms",
        least: None,
        most: Some(100.0),
        rounds: |rounds| rounds.div_ceil(3),
        run: floods::in_sessions,
    },
    Measure {
        name: "is_alive, 4 executes flood, worst",
        unit: "ms",
        least: None,
        most: Some(100.0),
        rounds: |rounds| rounds.div_ceil(3),
        run: floods::in_executes,
    },
    Measure {
        name: "`yes` with a timeout of 2 s",
        unit: "s",
        least: None,
        most: Some(2.5),
        rounds: |rounds| rounds.div_ceil(3),
        run: floods::until_a_timeout,
    },
    Measure {
        name: "memory for 400 MB of output",
        unit: "MB",
        least: None,
        most: Some(160.0),
        rounds: |rounds| rounds.div_ceil(5),
        run: floods::memory,
    },
    Measure {
        name: "write_file of 50 MB",
        unit: "ms",
        least: Some(1.0),
        most: None,
        rounds: |rounds| rounds,
        run: |program| files::write_and_read(program).0,
    },
    Measure {
        name: "read_file of 50 MB",
        unit: "ms",
        least: Some(1.0),
        most: None,
        rounds: |rounds| rounds,
        run: |program| files::write_and_read(program).1,
    },
    Measure {
        name: "upload of 50 MB",
        unit: "ms",
        least: Some(1.0),
        most: Some(120.0),
        rounds: |rounds| rounds,
        run: files::upload,
    },
    Measure {
        name: "upload of 2,000 files",
        unit: "ms",
        least: Some(1.0),
        most: Some(150.0),
        rounds: |rounds| rounds,
        run: files::unpack,
    },
];

impl Server {
    pub(crate) fn into_connection(self) -> (Self, crate::server::Connection) {
        let connection = self.connect();
        (self, connection)
    }
}

/// The name of the last line.
const FLOOR: &str = "execute `true` / a bare spawn";

/// Prints the table.
pub(crate) fn run(plan: &Plan) {
    let size = megabytes(fs::metadata(&plan.ours.path).unwrap().len());
    println!("binary: {size:.2} MB (asked: at most 6)");
    println!(
        "{:<36}{:>12}{:>12}{:>10}  asked",
        "", "Python", "ours", "ratio"
    );
    for measure in MEASURES
        .iter()
        .filter(|measure| measure.name.contains(&plan.only))
    {
        let (mut ours, mut python) = (Vec::new(), Vec::new());
        for _ in 0..(measure.rounds)(plan.rounds) {
            ours.push((measure.run)(&plan.ours));
            if let Some(program) = &plan.python {
                python.push((measure.run)(program));
            }
        }
        measure.print(median(ours), (!python.is_empty()).then(|| median(python)));
    }
    if FLOOR.contains(&plan.only) {
        floor(plan);
    }
}

impl Measure {
    fn print(&self, ours: f64, python: Option<f64>) {
        let unit = self.unit;
        let ratio = python.map(|python| python / ours);
        let show = |value: Option<f64>| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2} {unit}"))
        };
        let mut asked = Vec::new();
        let mut holds = true;
        if let Some(least) = self.least {
            asked.push(format!("{least}x"));
            holds &= ratio.is_none_or(|ratio| ratio >= least);
        }
        if let Some(most) = self.most {
            asked.push(format!("at most {most} {unit}"));
            holds &= ours <= most;
        }
        println!(
            "{:<36}{:>12}{:>12}{:>10}  {}{}",
            self.name,
            show(python),
            show(Some(ours)),
            ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.1}x")),
            asked.join(", "),
            if holds { "" } else { "   MISSED" }
        );
    }
}

/// `execute` beside a process that is started without any server.
fn floor(plan: &Plan) {
    let (_server, mut connection) = plan.ours.start().into_connection();
    let (mut bare, mut served) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        bare.push(median_of(200, || {
            let done = Command::new("true").stdin(Stdio::null()).output().unwrap();
            assert!(done.status.success());
        }));
        served.push(median_of(200, || {
            connection.post("/execute", &json!({"command": ["true"]}));
        }));
    }
    let (bare, served) = (median(bare), median(served));
    let ratio = served / bare;
    println!(
        "{FLOOR}: {served:.2} ms / {bare:.2} ms = {ratio:.2}x (asked: at most 1.5x){}",
        if ratio <= 1.5 { "" } else { "   MISSED" }
    );
}

/// The median time of a call, in milliseconds; the first few do not count.
fn median_of(count: usize, mut call: impl FnMut()) -> f64 {
    for _ in 0..5 {
        call();
    }
    let times = (0..count).map(|_| {
        let started = Instant::now();
        call();
        milliseconds(started.elapsed())
    });
    median(times.collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
