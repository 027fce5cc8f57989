//! `ps`: which containers there are, chosen by filters, shown as a table or by a template.

use serde_json::{Value, json};

use super::{args::Misused, records::Record, template::Template, words::Words};

/// How many seconds a minute has, and so on, with their names as docker tells ages.
const UNITS: [(u64, &str); 4] = [
    (86_400, "day"),
    (3_600, "hour"),
    (60, "minute"),
    (1, "second"),
];

/// `ps [-a] [-q] [--no-trunc] [-l] [-n N] [-f KEY=VALUE]… [--format TEMPLATE]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListArgs {
    all: bool,
    quiet: bool,
    whole: bool,
    last: Option<usize>,
    filters: Vec<Filter>,
    format: Option<String>,
}

/// A container must meet one filter of each kind that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Filter {
    Name(String),
    Id(String),
    Status(String),
    Label(String, Option<String>),
    Ancestor(String),
}

/// A container, and whether its sandbox is there.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    pub(crate) record: Record,
    pub(crate) is_running: bool,
}

impl ListArgs {
    pub(super) fn parse(mut rest: Words<'_>) -> Result<Self, Misused> {
        let mut args = Self::default();
        while let Some(word) = rest.option() {
            match word.name.as_str() {
                "-a" | "--all" => args.all = rest.is_on(&word)?,
                "-q" | "--quiet" => args.quiet = rest.is_on(&word)?,
                "--no-trunc" => args.whole = rest.is_on(&word)?,
                "-l" | "--latest" => {
                    if rest.is_on(&word)? {
                        args.last = Some(1);
                    }
                }
                "-n" | "--last" => {
                    let text = rest.value(word)?;
                    let number: i64 = text.parse().map_err(|_| {
                        rest.misused(&format!(
                            "invalid argument \"{text}\" for \"-n, --last\" flag: it should be a number"
                        ))
                    })?;
                    args.last = usize::try_from(number).ok().filter(|number| *number > 0);
                }
                "-f" | "--filter" => args.filters.push(Filter::parse(&rest.value(word)?)?),
                "--format" => args.format = Some(rest.value(word)?),
                _ => return Err(rest.unknown(&word)),
            }
        }
        rest.none()?;
        Ok(args)
    }

    /// The lines to print; `now`: seconds since 1970.
    ///
    /// # Errors
    /// The template cannot be honoured.
    pub(super) fn lines(&self, mut all: Vec<Container>, now: u64) -> Result<Vec<String>, String> {
        all.sort_by(|a, b| {
            (b.record.created, &a.record.name).cmp(&(a.record.created, &b.record.name))
        });
        let by_status = self
            .filters
            .iter()
            .any(|filter| matches!(filter, Filter::Status(_)));
        let shows_all = self.all || by_status || self.last.is_some();
        let chosen = all
            .iter()
            .filter(|container| shows_all || container.is_running)
            .filter(|container| self.chooses(container))
            .take(self.last.unwrap_or(usize::MAX));
        let rows = chosen.map(|container| self.row(container, now));
        match self.format.as_deref() {
            _ if self.quiet => Ok(rows.map(|row| cell(&row, "ID")).collect()),
            None | Some("" | "table") => Ok(table(
                &[
                    "ID",
                    "Image",
                    "Command",
                    "RunningFor",
                    "Status",
                    "Ports",
                    "Names",
                ],
                &rows.collect::<Vec<_>>(),
            )),
            Some("json") => Ok(rows.map(|row| row.to_string()).collect()),
            Some(format) => {
                let template = format.strip_prefix("table ").unwrap_or(format);
                let template = Template::parse(template).map_err(|error| error.to_string())?;
                let rows = rows.map(|row| template.fill(&row).map_err(|error| error.to_string()));
                let rows = rows.collect::<Result<Vec<_>, _>>()?;
                if format.starts_with("table ") {
                    let heads: serde_json::Map<String, Value> = HEADS
                        .iter()
                        .map(|(field, head)| ((*field).to_owned(), json!(head)))
                        .collect();
                    let head = template
                        .fill(&Value::Object(heads))
                        .map_err(|error| error.to_string())?;
                    let all: Vec<Vec<String>> = std::iter::once(head)
                        .chain(rows)
                        .map(|row| row.split('\t').map(str::to_owned).collect())
                        .collect();
                    return Ok(aligned(&all));
                }
                Ok(rows)
            }
        }
    }

    fn chooses(&self, container: &Container) -> bool {
        let kinds: Vec<_> = self.filters.iter().map(std::mem::discriminant).collect();
        kinds.iter().all(|kind| {
            let mut same = self
                .filters
                .iter()
                .filter(|filter| std::mem::discriminant(*filter) == *kind);
            // Labels must all be there; of the others one is enough.
            if matches!(same.clone().next(), Some(Filter::Label(..))) {
                same.all(|filter| filter.meets(container))
            } else {
                same.any(|filter| filter.meets(container))
            }
        })
    }

    fn row(&self, container: &Container, now: u64) -> Value {
        let Container { record, is_running } = container;
        let id = if self.whole {
            record.id.as_str()
        } else {
            record.short_id()
        };
        let command = record.command.join(" ");
        let command = if self.whole || command.chars().count() <= 20 {
            command
        } else {
            format!("{}…", command.chars().take(19).collect::<String>())
        };
        let age = age(now.saturating_sub(record.created));
        let labels: Vec<String> = record
            .labels
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        json!({
            "ID": id,
            "Image": record.image,
            "Command": format!("\"{command}\""),
            "RunningFor": format!("{age} ago"),
            "Status": if *is_running { format!("Up {age}") } else { "Exited".to_owned() },
            "State": state(*is_running),
            "Ports": "",
            "Names": record.name,
            "Labels": labels.join(","),
        })
    }
}

/// The fields of a row, and what a table calls them.
const HEADS: [(&str, &str); 9] = [
    ("ID", "CONTAINER ID"),
    ("Image", "IMAGE"),
    ("Command", "COMMAND"),
    ("RunningFor", "CREATED"),
    ("Status", "STATUS"),
    ("State", "STATE"),
    ("Ports", "PORTS"),
    ("Names", "NAMES"),
    ("Labels", "LABELS"),
];

/// Docker's word for it.
pub(super) fn state(is_running: bool) -> &'static str {
    if is_running { "running" } else { "exited" }
}

impl Filter {
    fn parse(text: &str) -> Result<Self, Misused> {
        let bad = |problem: &str| Misused(format!("ps: --filter {text}: {problem}"));
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| bad("it should be KEY=VALUE"))?;
        let value = value.to_owned();
        Ok(match key.trim().to_ascii_lowercase().as_str() {
            "name" => {
                if value.contains(|c: char| !c.is_ascii_alphanumeric() && !"_.-^$/".contains(c)) {
                    return Err(bad(
                        "names are compared as text, with ^ and $ as their ends; other patterns are not known",
                    ));
                }
                Self::Name(value)
            }
            "id" => Self::Id(value),
            "status" => match value.as_str() {
                "created" | "running" | "paused" | "restarting" | "removing" | "exited"
                | "dead" => Self::Status(value),
                _ => {
                    return Err(bad(
                        "it should be created, running, paused, restarting, removing, exited or dead",
                    ));
                }
            },
            "label" => match value.split_once('=') {
                Some((key, value)) => Self::Label(key.to_owned(), Some(value.to_owned())),
                None => Self::Label(value, None),
            },
            "ancestor" => Self::Ancestor(value),
            _ => return Err(bad("name, id, status, label and ancestor are known")),
        })
    }

    fn meets(&self, container: &Container) -> bool {
        let record = &container.record;
        match self {
            Self::Name(part) => {
                let part = part.replacen("^/", "^", 1);
                let part = part.strip_prefix('/').unwrap_or(&part);
                let (from_start, part) = match part.strip_prefix('^') {
                    Some(part) => (true, part),
                    None => (false, part),
                };
                let (to_end, part) = match part.strip_suffix('$') {
                    Some(part) => (true, part),
                    None => (false, part),
                };
                match (from_start, to_end) {
                    (true, true) => record.name == part,
                    (true, false) => record.name.starts_with(part),
                    (false, true) => record.name.ends_with(part),
                    (false, false) => record.name.contains(part),
                }
            }
            Self::Id(start) => record.id.starts_with(start.as_str()),
            Self::Status(status) => state(container.is_running) == status,
            Self::Label(key, value) => record.labels.iter().any(|(other, there)| {
                other == key && value.as_ref().is_none_or(|value| value == there)
            }),
            Self::Ancestor(image) => {
                record.image == *image || record.image == format!("{image}:latest")
            }
        }
    }
}

/// As docker tells ages: of the greatest unit only.
fn age(seconds: u64) -> String {
    if seconds < 1 {
        return "Less than a second".to_owned();
    }
    let (unit, name) = UNITS
        .into_iter()
        .find(|(unit, _)| seconds >= *unit)
        .unwrap_or((1, "second"));
    let count = seconds / unit;
    match (count, name) {
        (1, "minute") => "About a minute".to_owned(),
        (1, "hour") => "About an hour".to_owned(),
        (1, _) => format!("1 {name}"),
        _ => format!("{count} {name}s"),
    }
}

fn cell(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}

fn table(fields: &[&str], rows: &[Value]) -> Vec<String> {
    let head = fields.iter().map(|field| {
        let head = HEADS.iter().find(|(name, _)| name == field);
        head.map_or_else(String::new, |(_, head)| (*head).to_owned())
    });
    let mut all: Vec<Vec<String>> = vec![head.collect()];
    all.extend(
        rows.iter()
            .map(|row| fields.iter().map(|field| cell(row, field)).collect()),
    );
    aligned(&all)
}

/// Columns with three blanks between them.
fn aligned(all: &[Vec<String>]) -> Vec<String> {
    let columns = all.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        let cells = all.iter().filter_map(|row| row.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    all.iter()
        .map(|row| {
            let mut line = String::new();
            for (at, cell) in row.iter().enumerate() {
                line.push_str(cell);
                if at + 1 < row.len() {
                    line.push_str(&" ".repeat(widths[at] + 3 - cell.chars().count()));
                }
            }
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(name: &str, created: u64, is_running: bool) -> Container {
        let record = json!({
            "name": name, "id": format!("{name:a<64}"), "image": "python:3.11", "holder": {"pid": 1, "started": 1}, "port": 1, "key": "k",
            "workdir": null, "env": [], "command": ["sleep", "1h"], "labels": [["team", name]], "created": created,
        });
        Container {
            record: serde_json::from_value(record).unwrap(),
            is_running,
        }
    }

    fn names(line: &[&str]) -> String {
        let format = ["--format", "{{.Names}}"];
        let line: Vec<String> = line
            .iter()
            .chain(&format)
            .map(|word| (*word).to_owned())
            .collect();
        let args = ListArgs::parse(Words::new("ps", "fn", &line)).unwrap();
        let all = vec![
            container("mine1", 10, true),
            container("theirs", 20, true),
            container("mine2", 30, false),
        ];
        args.lines(all, 100).unwrap().join(" ")
    }

    #[test]
    fn only_what_was_asked_for_is_listed() {
        for (line, expected) in [
            (&[][..], "theirs mine1"),
            (&["-a"], "mine2 theirs mine1"),
            (&["-l"], "mine2"),
            (&["-n2"], "mine2 theirs"),
            (&["-af", "name=mine"], "mine2 mine1"),
            (&["-a", "-f", "name=^mine1$"], "mine1"),
            (
                &["-a", "--filter=name=1", "--filter", "name=2"],
                "mine2 mine1",
            ),
            (&["--filter", "status=exited"], "mine2"),
            (&["-f", "label=team=theirs"], "theirs"),
            (&["-f", "label=team", "-f", "label=team=mine1"], "mine1"),
            (&["-f", "ancestor=python:3.11", "-f", "id=mine"], "mine1"),
            (&["-f", "ancestor=python"], ""),
        ] {
            assert_eq!(names(line), expected, "{line:?}");
        }
    }
}
