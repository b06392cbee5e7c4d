// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
// IDX and CIFAR files, plain and gzipped: the first byte says which.
#include "src/data/cifar.hpp"
#include "src/data/idx.hpp"
#include "tests/fuzz/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace varphase;
  if (size == 0) return 0;
  const unsigned kind = data[0] % 4;
  const test::MemoryFile file(data + 1, size - 1);
  test::reads([&] {
    if (kind == 0) {
      const IdxArray array = read_idx(file.path(), 1, 4);
      std::uint64_t count = 1;
      for (const std::int64_t extent : array.shape) count *= static_cast<std::uint64_t>(extent);
      test::must(count == array.values.size());
    } else if (kind == 1) {
      const ImageSet set = read_idx_images(file.path(), file.path());
      test::must(set.pixels.size() ==
                 static_cast<std::size_t>(set.count() * set.channels * set.height * set.width));
    } else {
      const CifarRecord record = kind == 2 ? cifar10_record() : cifar100_record(LabelKind::fine);
      CifarFile cifar(file.path(), record);
      ImageSet set = empty_cifar_set();
      cifar.read(cifar.count(), set);
      test::must(set.count() == cifar.count());
      for (const std::int64_t label : set.labels)
        test::must(label >= 0 && label < record.classes[record.label_at]);
    }
  });
  return 0;
}
