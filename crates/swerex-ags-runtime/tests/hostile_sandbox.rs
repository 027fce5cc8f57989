//! Downloads from a sandbox that answers in bad faith: nothing is written outside of the target, and nothing without bound.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[path = "hostile_sandbox/sandbox.rs"]
mod sandbox;

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::Path,
};

use sandbox::{Sandbox, archive, directory, file, hard_link, header, link};
use swerex_ags_runtime::{DownloadOptions, Error, Limit, Transferred};

fn names(transferred: &Transferred) -> Vec<String> {
    let mut names: Vec<String> = transferred
        .skipped
        .iter()
        .map(|skipped| String::from_utf8_lossy(skipped.path.as_os_str().as_bytes()).into_owned())
        .collect();
    names.sort();
    names
}

fn strict() -> DownloadOptions {
    let mut options = DownloadOptions::default();
    options.strict = true;
    options
}

fn count(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

/// A home with a key in it, beside the place for what is downloaded.
struct Host {
    directory: tempfile::TempDir,
}

impl Host {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("home")).unwrap();
        fs::create_dir(directory.path().join("work")).unwrap();
        fs::write(directory.path().join("home/key"), "mine").unwrap();
        Self { directory }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// The home is as it was.
    fn assert_unharmed(&self) {
        assert_eq!(fs::read(self.path("home/key")).unwrap(), b"mine");
        assert_eq!(count(&self.path("home")), 1, "something was put there");
    }
}

#[tokio::test]
async fn links_that_lead_out_are_left_out_and_named() {
    let host = Host::new();
    let home = host.path("home");
    let absolute = link("absolute", home.to_str().unwrap());
    let entries = [
        directory("./", 0o755),
        absolute,
        file("absolute/key", b"theirs"),
        link("up", "../../home"),
        file("up/key", b"theirs"),
        // Each of them is harmless alone.
        directory("a/b/", 0o755),
        link("a/b/root", "../.."),
        link("chain", "a/b/root/../home/key"),
        link("again", "a/b/../../../home"),
        link("here", "."),
        link("astray", "here/../home/key"),
        file("here/through", b"theirs"),
        link("later", "nothing yet/../../home"),
        hard_link("hard", "../home/key"),
    ];
    // A name outside of the directory is nothing that a packer writes.
    let sandbox = Sandbox::with_tar(archive(&entries));
    let refused = sandbox.download(&host.path("work/t")).await.unwrap_err();
    assert!(matches!(refused, Error::Local { .. }), "{refused}");
    assert_eq!(count(&host.path("work")), 0, "nothing half written");

    let entries = &entries[..entries.len() - 1];
    let inner = [
        link("inner", "a/b"),
        link("a/inner", "../a/./b/nothing"),
        hard_link("hard", "absolute"),
        hard_link("a/twin", "real"),
        file("real", b"x"),
        hard_link("a/twin", "real"),
    ];
    let all: Vec<_> = entries.iter().chain(&inner).cloned().collect();
    for merged in [false, true] {
        let target = host.path("work/t");
        let transferred = Sandbox::with_tar(archive(&all))
            .download(&target)
            .await
            .unwrap();
        host.assert_unharmed();
        let left_out = names(&transferred);
        for name in [
            "absolute", "up", "again", "astray", "chain", "later", "hard",
        ] {
            assert!(
                left_out.iter().any(|left| left == name),
                "{name}: {left_out:?}"
            );
            assert!(!target.join(name).is_symlink(), "{name}, merged: {merged}");
        }
        assert_eq!(
            fs::read_link(target.join("inner")).unwrap(),
            Path::new("a/b")
        );
        assert_eq!(
            fs::read_link(target.join("a/inner")).unwrap(),
            Path::new("../a/./b/nothing")
        );
        assert_eq!(fs::read(target.join("a/twin")).unwrap(), b"x");
        assert!(!target.join("through").exists(), "written through a link");
        let said = transferred.skipped[0].to_string();
        assert!(said.contains("outside of the target"), "{said}");
    }
    assert_eq!(
        count(&host.path("work")),
        1,
        "nothing but the target is left"
    );
}

#[tokio::test]
async fn strictly_nothing_comes_if_something_would_be_left_out() {
    let host = Host::new();
    let entries = [file("f", b"x"), link("out", "../home")];
    let refused = Sandbox::with_tar(archive(&entries))
        .download_with(&host.path("work/t"), &strict())
        .await
        .unwrap_err();
    let Error::LeftOut(skipped) = &refused else {
        panic!("{refused}");
    };
    assert_eq!(skipped.path, Path::new("out"));
    // What leads out only by way of what is there, too.
    symlink("../../home", host.path("work/old")).unwrap();
    let entries = [file("f", b"x"), link("l", "old/key")];
    let refused = Sandbox::with_tar(archive(&entries))
        .download_with(&host.path("work"), &strict())
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::LeftOut(_)), "{refused}");
    assert_eq!(count(&host.path("work")), 1, "nothing came");
}

#[tokio::test]
async fn links_that_are_there_already_lead_nothing_out() {
    let host = Host::new();
    let work = host.path("work");
    symlink("../home", work.join("old")).unwrap();
    symlink("../home/key", work.join("notes.txt")).unwrap();
    fs::create_dir(work.join("real")).unwrap();
    symlink("real", work.join("stays")).unwrap();
    let entries = [
        directory("old/", 0o700),
        file("old/key", b"theirs"),
        directory("old/closed/", 0o500),
        link("by way of it", "old/key"),
        link("through stays", "stays/x"),
        file("notes.txt", b"theirs"),
        file("real/f", b"x"),
    ];
    let transferred = Sandbox::with_tar(archive(&entries))
        .download(&work)
        .await
        .unwrap();
    host.assert_unharmed();
    assert_eq!(names(&transferred), ["by way of it", "old"]);
    assert!(work.join("old").is_symlink(), "the user's own stays");
    assert!(
        !work.join("notes.txt").is_symlink(),
        "a file takes its place"
    );
    assert_eq!(fs::read(work.join("notes.txt")).unwrap(), b"theirs");
    assert!(work.join("through stays").is_symlink() && work.join("real/f").is_file());

    // The target itself is named by the user, but a link may have been planted in its place.
    let planted = work.join("old");
    let entries = [file("f", b"x")];
    let refused = Sandbox::with_tar(archive(&entries))
        .download(&planted)
        .await;
    assert!(matches!(refused, Err(Error::Local { .. })));
    host.assert_unharmed();
    let mut options = DownloadOptions::default();
    options.follow_link = true;
    let sandbox = Sandbox::with_tar(archive(&entries));
    sandbox.download_with(&planted, &options).await.unwrap();
    assert_eq!(fs::read(host.path("home/f")).unwrap(), b"x");
}

#[tokio::test]
async fn what_stands_in_the_way_is_an_error_before_anything_is_written() {
    let host = Host::new();
    let work = host.path("work");
    fs::create_dir_all(work.join("name/inner")).unwrap();
    fs::write(work.join("file"), "old").unwrap();
    for entries in [
        [file("aaa", b"x"), file("name", b"x")],
        [file("aaa", b"x"), directory("file/", 0o755)],
        [file("aaa", b"x"), link("name", "file")],
    ] {
        let refused = Sandbox::with_tar(archive(&entries)).download(&work).await;
        assert!(matches!(refused, Err(Error::Local { .. })));
        assert!(!work.join("aaa").exists() && work.join("name/inner").is_dir());
        assert_eq!(count(&work), 2);
    }
}

#[tokio::test]
async fn a_file_takes_the_place_of_a_link() {
    let host = Host::new();
    let target = host.path("work/fix.patch");
    for planted in ["../home/key", "../home/nothing", "../home"] {
        symlink(planted, &target).unwrap();
        Sandbox::with_file(b"theirs")
            .download(&target)
            .await
            .unwrap();
        host.assert_unharmed();
        assert!(!target.is_symlink(), "{planted}");
        assert_eq!(fs::read(&target).unwrap(), b"theirs");
        fs::remove_file(&target).unwrap();
    }
    // One to a device is neither replaced nor written to.
    symlink("/dev/null", &target).unwrap();
    let refused = Sandbox::with_file(b"theirs").download(&target).await;
    assert!(matches!(refused, Err(Error::Local { .. })));
    assert!(target.is_symlink());
    fs::remove_file(&target).unwrap();

    let mut options = DownloadOptions::default();
    options.follow_link = true;
    for (planted, written) in [("../home/key", "home/key"), ("new", "work/new")] {
        symlink(planted, &target).unwrap();
        let sandbox = Sandbox::with_file(b"asked for");
        sandbox.download_with(&target, &options).await.unwrap();
        assert!(target.is_symlink());
        assert_eq!(fs::read(host.path(written)).unwrap(), b"asked for");
        fs::remove_file(&target).unwrap();
    }
}

#[tokio::test]
async fn a_transfer_without_end_has_one() {
    let host = Host::new();
    let mut options = DownloadOptions::default();
    options.max_bytes = 1 << 20;
    options.max_entries = 1_000;
    let target = host.path("work/t");
    // Files, directories by name alone, and what follows the end of an archive.
    let big = [header("big", b'0', u64::MAX >> 2, ""), vec![7; 512]].concat();
    for (start, repeated) in [
        (Vec::new(), file("f", &[7; 4000])),
        (Vec::new(), directory("d/", 0o755)),
        (big, vec![7; 512]),
        (archive(&[]), vec![0; 512]),
    ] {
        let sandbox = Sandbox::endless(start, repeated);
        let refused = sandbox.download_with(&target, &options).await.unwrap_err();
        let Error::OverLimit { limit, .. } = &refused else {
            panic!("{refused}");
        };
        let limits = [Limit::Bytes(1 << 20), Limit::Entries(1_000)];
        assert!(limits.contains(limit) && refused.to_string().contains(&limit.to_string()));
        assert_eq!(count(&host.path("work")), 0, "nothing half written");
    }
    // One entry that makes many directories.
    let deep = "d/".repeat(1_500);
    let refused = Sandbox::with_tar(archive(&[file(&deep, b"")]))
        .download_with(&target, &options)
        .await;
    assert!(
        matches!(refused, Err(Error::OverLimit { .. })),
        "{refused:?}"
    );

    let sandbox = Sandbox::endless_file();
    let refused = sandbox.download_with(&target, &options).await.unwrap_err();
    assert!(
        matches!(
            &refused,
            Error::OverLimit {
                limit: Limit::Bytes(_),
                ..
            }
        ),
        "{refused}"
    );
    assert_eq!(count(&host.path("work")), 0, "nothing half written");
}

#[tokio::test]
async fn a_header_that_is_too_long_is_not_read() {
    let host = Host::new();
    for kind in [b'L', b'K', b'x', b'g'] {
        let sandbox = Sandbox::endless(header("long", kind, 1_500 << 20, ""), vec![b'a'; 512]);
        let refused = sandbox.download(&host.path("work/t")).await.unwrap_err();
        assert!(matches!(refused, Error::Local { .. }), "{refused}");
        let sent = sandbox.sent();
        assert!(sent < 8 << 20, "{sent} bytes were taken");
        assert_eq!(count(&host.path("work")), 0);
    }
}

#[tokio::test]
async fn what_is_said_of_a_size_is_not_believed() {
    let host = Host::new();
    let target = host.path("work/f");
    for said in ["18446744073709551615", "0", "3", "nonsense"] {
        let sandbox = Sandbox::with_file(b"ten bytes.").which_says(said);
        sandbox.download(&target).await.unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"ten bytes.", "{said}");
    }
}

#[tokio::test]
async fn names_and_modes_are_as_they_were() {
    use std::os::unix::fs::PermissionsExt as _;

    let host = Host::new();
    let entries = archive(&[
        file(b"na\xffme/file", b"x"),
        file([b'\xfe'; 180], b"x"),
        directory("closed/", 0o555),
        file("closed/f", b"x"),
    ]);
    let target = host.path("work/t");
    // The second time into a directory that is there.
    for _ in 0..2 {
        Sandbox::with_tar(entries.clone())
            .download(&target)
            .await
            .unwrap();
        for name in [&b"na\xffme/file"[..], &[b'\xfe'; 180]] {
            let path = target.join(OsStr::from_bytes(name));
            let mode = fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o755, "no set-user-id");
        }
        let closed = fs::metadata(target.join("closed")).unwrap();
        assert_eq!(closed.permissions().mode() & 0o777, 0o555);
    }
    fs::set_permissions(target.join("closed"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_directory_that_breaks_off_leaves_nothing() {
    let host = Host::new();
    let mut cut = archive(&[file("f", &[7; 9000])]);
    cut.truncate(5000);
    let refused = Sandbox::with_tar(cut).download(&host.path("work/t")).await;
    assert!(refused.is_err());
    assert_eq!(count(&host.path("work")), 0);
}
