//! What judged programs have started: it ends with them.

use std::io;

#[cfg(unix)]
pub(super) use self::unix::{end, end_group, start};

/// Takes charge of all that judged programs start, for good. A process that left its program's process group, or
/// whose parent has ended, is killed with the program (on Linux, where orphans can be adopted), and a signal that
/// ends this process ends all of them first. It is for a program that judges one client at a time and has no other
/// children: those that it has now are left alone.
///
/// # Errors
/// When the system does not let this process adopt orphans, or handle signals.
pub fn take_charge() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    self::linux::adopt_orphans()?;
    #[cfg(unix)]
    self::unix::handle_signals()?;
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn start<T>(
    spawn: impl FnOnce() -> io::Result<T>,
    _: impl FnOnce(&T) -> Option<u32>,
) -> io::Result<T> {
    spawn()
}

#[cfg(not(unix))]
pub(super) fn end_group(_: Option<u32>) {}

#[cfg(not(unix))]
pub(super) fn end() {}

#[cfg(unix)]
mod unix {
    use std::{
        io,
        sync::{Mutex, MutexGuard, PoisonError},
        thread,
    };

    use futures_util::future::select_all;
    use rustix::process::{Pid, Signal, kill_process_group};
    use tokio::{
        runtime,
        signal::unix::{SignalKind, signal},
    };

    /// The process groups of the programs that run. It is locked while one is started or ended.
    static GROUPS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

    fn groups() -> MutexGuard<'static, Vec<Pid>> {
        GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pid(id: Option<u32>) -> Option<Pid> {
        id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }

    /// Starts a program as the leader of a process group.
    pub(in super::super) fn start<T>(
        spawn: impl FnOnce() -> io::Result<T>,
        id: impl FnOnce(&T) -> Option<u32>,
    ) -> io::Result<T> {
        let mut groups = groups();
        let child = spawn()?;
        groups.extend(pid(id(&child)));
        Ok(child)
    }

    /// Kills a process group.
    pub(in super::super) fn end_group(leader: Option<u32>) {
        let mut groups = groups();
        let Some(group) = pid(leader) else { return };
        groups.retain(|other| *other != group);
        // There may be nobody left in it.
        let _ = kill_process_group(group, Signal::KILL);
    }

    /// Kills everything that this process is in charge of.
    pub(in super::super) fn end() {
        #[cfg(target_os = "linux")]
        super::linux::end_descendants();
    }

    /// Has signals that end this process end what it has started, too.
    pub(super) fn handle_signals() -> io::Result<()> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let kinds = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()]
            .map(|kind| kind.as_raw_value())
            .into_iter()
            .filter(|number| !is_ignored(*number));
        let mut signals = {
            let _context = runtime.enter();
            kinds
                .map(|number| Ok((number, signal(SignalKind::from_raw(number))?)))
                .collect::<io::Result<Vec<_>>>()?
        };
        if signals.is_empty() {
            return Ok(());
        }
        thread::Builder::new().name("signals".into()).spawn(move || {
            let received = signals.iter_mut().map(|(number, signal)| {
                Box::pin(async move {
                    signal.recv().await;
                    *number
                })
            });
            let (number, ..) = runtime.block_on(select_all(received));
            // Held to the end: nothing is started any more.
            let groups = groups();
            for group in groups.iter() {
                let _ = kill_process_group(*group, Signal::KILL);
            }
            end();
            // As a shell tells of a program that a signal has ended.
            std::process::exit(128 + number);
        })?;
        Ok(())
    }

    /// Whether this process was started with the signal ignored, as `nohup` does it.
    fn is_ignored(number: i32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
        mask >> (number - 1) & 1 == 1
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        collections::BTreeMap,
        fs, io,
        sync::OnceLock,
        thread,
        time::{Duration, Instant},
    };

    use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid};

    /// A process: its id, and when it was started, since ids are used again.
    type Process = (i32, u64);

    /// The children that this process had before it took charge.
    static OTHERS: OnceLock<Vec<Process>> = OnceLock::new();

    /// How long what is killed has to be gone.
    const GRACE: Duration = Duration::from_secs(2);

    /// Has the system give every orphan among its descendants to this process.
    pub(super) fn adopt_orphans() -> io::Result<()> {
        OTHERS.get_or_init(|| children().remove(&id()).unwrap_or_default());
        Ok(set_child_subreaper(Some(getpid()))?)
    }

    fn id() -> i32 {
        getpid().as_raw_nonzero().get()
    }

    /// Kills all descendants, if this process is in charge of them. One may start another before it dies.
    pub(super) fn end_descendants() {
        let Some(others) = OTHERS.get() else { return };
        let deadline = Instant::now() + GRACE;
        loop {
            let descendants = descendants(others);
            if descendants.is_empty() || Instant::now() > deadline {
                return;
            }
            for pid in descendants {
                // It may be gone already, or not be this process's own child yet.
                let _ = kill_process(pid, Signal::KILL);
                let _ = waitpid(Some(pid), WaitOptions::NOHANG);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// All descendants, without these children and theirs.
    fn descendants(others: &[Process]) -> Vec<Pid> {
        let mut children = children();
        let mut found = children.remove(&id()).unwrap_or_default();
        found.retain(|process| !others.contains(process));
        let mut next = 0;
        while let Some((pid, _)) = found.get(next) {
            found.extend(children.remove(pid).unwrap_or_default());
            next += 1;
        }
        found.into_iter().filter_map(|(pid, _)| Pid::from_raw(pid)).collect()
    }

    /// All processes by the ids of their parents.
    fn children() -> BTreeMap<i32, Vec<Process>> {
        let mut children: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            if let Some((parent, started)) = parent_and_start(&stat) {
                children.entry(parent).or_default().push((pid, started));
            }
        }
        children
    }

    /// The fields 4 and 22 of a process's `stat` (proc_pid_stat(5)). The second, its name, may hold anything.
    fn parent_and_start(stat: &str) -> Option<(i32, u64)> {
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        Some((fields.nth(1)?.parse().ok()?, fields.nth(17)?.parse().ok()?))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_processs_name_does_not_pass_for_its_other_fields() {
            let rest = "1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 99";
            assert_eq!(parent_and_start(&format!("7 (x) R 9 (y) S {rest}\n")), Some((1, 4711)));
            assert_eq!(parent_and_start(""), None);
        }
    }
}
