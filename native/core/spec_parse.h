// Shared by the files that read and check the parts of a configuration; see spec.h for what others call.
#pragma once

#include <span>
#include <string_view>

#include "core/json.h"
#include "core/spec.h"

namespace slipway::spec {

// A word of the specification and what it means to the kernel.
template <typename T>
struct Word {
  std::string_view name;
  T value;
};

// Reads one of the words; fails naming what was found.
template <typename T>
T read_word(const json::Field& field, std::span<const Word<T>> words) {
  std::string name;
  json::read(field, name);
  for (const Word<T>& word : words)
    if (word.name == name) return word.value;
  field.fail("unknown value '" + name + "'");
  return T{};
}

// "0-3,7", as cpusets and node lists are written.
bool is_number_list(std::string_view text);

void read(const json::Field& field, Process& out);
void read(const json::Field& field, Linux& out);
void read(const json::Field& field, Resources& out);
void read(const json::Field& field, Seccomp& out);
void read(const json::Field& field, IdMapping& out);
void read(const json::Field& field, Spec& out);

// Contradictions between fields, and values that can't be right.
Result<void> check(const Process& process, const std::string& prefix);
Result<void> check(const Spec& spec);

}  // namespace slipway::spec
