// What every verb gets, and the table of verbs.
#pragma once

#include <string>
#include <vector>

#include "core/container/container.h"
#include "core/result.h"

namespace slipway::oci {

struct Context {
  container::Runtime runtime;
  bool debug = false;
};

// A verb takes the words after it. Its result is the exit code; an error is logged by the caller, and ends with 1.
using Verb = Result<int> (*)(const Context&, const std::vector<std::string>&);

Result<int> create(const Context& context, const std::vector<std::string>& words);
Result<int> start(const Context& context, const std::vector<std::string>& words);
Result<int> state(const Context& context, const std::vector<std::string>& words);
Result<int> kill(const Context& context, const std::vector<std::string>& words);
Result<int> remove(const Context& context, const std::vector<std::string>& words);
Result<int> run(const Context& context, const std::vector<std::string>& words);
Result<int> exec(const Context& context, const std::vector<std::string>& words);
Result<int> ps(const Context& context, const std::vector<std::string>& words);
Result<int> list(const Context& context, const std::vector<std::string>& words);
Result<int> pause(const Context& context, const std::vector<std::string>& words);
Result<int> resume(const Context& context, const std::vector<std::string>& words);
Result<int> update(const Context& context, const std::vector<std::string>& words);
Result<int> events(const Context& context, const std::vector<std::string>& words);
Result<int> spec(const Context& context, const std::vector<std::string>& words);
Result<int> features(const Context& context, const std::vector<std::string>& words);

// For the launcher of a rootless engine.
Result<int> host_ports(const std::vector<std::string>& words);

// Prints to standard output, whole or with an error.
Result<int> print(const std::string& text);

}  // namespace slipway::oci
