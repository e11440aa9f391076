//! The metrics of the process itself, under the names that every Prometheus client uses.

use prometheus_client::metrics::gauge::Gauge;

use super::catalog::{Catalog, Fraction, SecondsTotal};

/// What the kernel says of this process. Only Linux tells.
#[derive(Clone, Debug)]
pub struct Process {
    cpu: SecondsTotal,
    resident: Gauge,
    virtual_memory: Gauge,
    open_fds: Gauge,
    max_fds: Gauge,
    threads: Gauge,
    started: Fraction,
}

impl Process {
    /// At zero.
    pub fn declare(c: &mut Catalog) -> Self {
        Self {
            cpu: c.single("process_cpu_seconds_total", "counter", "CPU time of the process, user and system"),
            resident: c.single(
                "process_resident_memory_bytes",
                "gauge",
                "Memory of the process that is resident",
            ),
            virtual_memory: c.single(
                "process_virtual_memory_bytes",
                "gauge",
                "Virtual memory of the process",
            ),
            open_fds: c.single("process_open_fds", "gauge", "Open file descriptors"),
            max_fds: c.single("process_max_fds", "gauge", "Most file descriptors that may be open"),
            threads: c.single("process_threads", "gauge", "Threads of the process"),
            started: c.single(
                "process_start_time_seconds",
                "gauge",
                "When the process started, in seconds since 1970-01-01 UTC",
            ),
        }
    }

    /// Reads them anew. What can't be read stays as it was.
    #[cfg(target_os = "linux")]
    pub fn refresh(&self) {
        if let Err(error) = self.read() {
            tracing::debug!(%error, "the kernel doesn't say how this process is");
        }
    }

    /// Nothing is known here.
    #[cfg(not(target_os = "linux"))]
    pub fn refresh(&self) {}

    #[cfg(target_os = "linux")]
    fn read(&self) -> procfs::ProcResult<()> {
        use procfs::process::LimitValue;

        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let process = procfs::process::Process::myself()?;
        let stat = process.stat()?;
        let seconds = |ticks: u64| {
            std::time::Duration::from_millis(ticks * 1000 / procfs::ticks_per_second()).as_secs_f64()
        };
        let cpu = seconds(stat.utime + stat.stime);
        self.cpu.inc_by((cpu - self.cpu.get()).max(0.0));
        self.resident.set(whole(stat.rss * procfs::page_size()));
        self.virtual_memory.set(whole(stat.vsize));
        self.threads.set(stat.num_threads);
        self.open_fds.set(i64::try_from(process.fd_count()?).unwrap_or(i64::MAX));
        if let LimitValue::Value(most) = process.limits()?.max_open_files.soft_limit {
            self.max_fds.set(whole(most));
        }
        let booted = std::time::Duration::from_secs(procfs::boot_time_secs()?).as_secs_f64();
        self.started.set(booted + seconds(stat.starttime));
        Ok(())
    }
}
