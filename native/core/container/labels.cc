#include "core/container/labels.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/files.h"

namespace slipway::container {
namespace {

bool apparmor_enabled() {
  const Result<std::string> text = read_file(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16);
  return text && text->starts_with('Y');
}

bool selinux_enabled() {
  if (::access("/sys/fs/selinux/enforce", F_OK) != 0) return false;
  // Until a policy is loaded every process has this label, and any other is accepted and forgotten.
  const Result<std::string> own = read_file(AT_FDCWD, "/proc/self/attr/current", 4096);
  return own && !own->starts_with(std::string_view("kernel\0", 7));
}

}  // namespace

Result<void> check_labels(const spec::Process& process) {
  if (!process.apparmor_profile.empty() && !apparmor_enabled())
    return Error::invalid("process.apparmorProfile", "AppArmor is not enabled in this kernel");
  if (!process.selinux_label.empty() && !selinux_enabled())
    return Error::invalid("process.selinuxLabel", "SELinux is not enabled in this kernel");
  return {};
}

Result<void> check_mount_label(const spec::Linux& linux) {
  if (!linux.mount_label.empty() && !selinux_enabled())
    return Error::invalid("linux.mountLabel", "SELinux is not enabled in this kernel");
  return {};
}

void label_mount(const spec::Linux& linux, const std::string& type, mount::Options& options) {
  constexpr std::array<std::string_view, 5> unlabelled{"proc", "sysfs", "mqueue", "cgroup", "cgroup2"};
  if (linux.mount_label.empty() || std::find(unlabelled.begin(), unlabelled.end(), type) != unlabelled.end()) return;
  options.parameters.push_back({"context", linux.mount_label, false});
}

Result<void> set_labels(const spec::Process& process, int proc) {
  if (!process.apparmor_profile.empty()) {
    const std::string text = "exec " + process.apparmor_profile;
    auto written = write_file(proc, "self/attr/apparmor/exec", text);
    if (!written && written.error().code == ENOENT) written = write_file(proc, "self/attr/exec", text);  // before 5.8
    if (!written && written.error().code == ENOENT)
      return Error::invalid("process.apparmorProfile", "the profile '" + process.apparmor_profile +
                                                           "' is not loaded; load it with apparmor_parser");
    if (!written) return std::move(written.error()).with_context("process.apparmorProfile");
  }
  if (!process.selinux_label.empty()) {
    auto written = write_file(proc, "self/attr/exec", process.selinux_label);
    if (!written) return std::move(written.error()).with_context("process.selinuxLabel");
  }
  return {};
}

}  // namespace slipway::container
