// SPDX-FileCopyrightText: 2026 The Varphase authors
// SPDX-License-Identifier: MIT
#include "analysis/kappa/map_files.hpp"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/kappa/kappa_csv.hpp"
#include "analysis/kappa/map_series.hpp"
#include "src/base/atomic_file.hpp"
#include "src/base/error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace varphase {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

KappaMap map_of(std::int64_t epoch, const std::vector<std::string>& layers,
                const std::string& smooth = "none") {
  KappaMap map;
  map.epoch = epoch;
  map.images = 10;
  map.smooth = smooth;
  for (const std::string& name : layers) {
    LayerKappa layer{name, {1, 2}, {100.0F, 1.0F}, {1.0F, 1.0F}};
    layer.smooth = smooth;
    map.layers.push_back(layer);
  }
  return map;
}

void write(const fs::path& path, const KappaMap& map) {
  fs::create_directories(path.parent_path());
  write_document(path, to_document(map));
}

TEST(MapFiles, NoTwoSubjectsHaveOneName) {
  const MapFiles files("run");
  std::vector<MapSubject> subjects;
  const std::vector<std::string> lists[] = {{"a", "b"},
                                            {"a+b"},
                                            {"ab"},
                                            {"a/b"},
                                            {"all"},
                                            {"layers", "x"},
                                            {"a,b"},
                                            {"split-test"},
                                            {"\xff"},
                                            {"a", "b", "c", "d", "e"},
                                            {"a", "b", "c", "d", "f"}};
  for (const std::string split : {"", "test", "validation"}) {
    for (const std::string method : {"", "ggn", "estimate-4", "estimate-16"}) {
      for (const std::string smooth : {"", "none", "softplus:1", "softplus:2"}) {
        for (const std::string data : {"", "0123456789abcdef", "f123456789abcdef"}) {
          subjects.push_back({"", split, method, smooth, false, data});
          subjects.push_back({"all", split, method, smooth, true, data});
          for (const std::vector<std::string>& list : lists)
            subjects.push_back({layers_name(list), split, method, smooth, false, data});
        }
      }
    }
  }
  std::set<fs::path> paths;
  for (const MapSubject& subject : subjects) {
    for (const fs::path& path :
         {files.map(subject, 3), files.map(subject, 4), files.class_map(subject, 3, 1),
          files.class_map(subject, 3, 11), fs::path(files.images(subject, 3).string() + ".json")}) {
      EXPECT_TRUE(paths.insert(path).second) << path;
      EXPECT_LT(path.filename().string().size(), 200U);
    }
  }
  EXPECT_EQ(files.map({}, 12), "run/kappa/epoch_0012.h5");
  EXPECT_EQ(files.map({"conv1"}, 12), "run/kappa/layers/epoch_0012_conv1.h5");
  EXPECT_EQ(files.map({"all", "test"}, 12), "run/kappa/split-test/epoch_0012_all.h5");
  EXPECT_EQ(files.class_map({}, 12, 3), "run/kappa/classes/epoch_0012_class_03.h5");
}

TEST(MapFiles, ListsTheRunsOwnFirstAndLeavesOutWhatIsNone) {
  const test::TemporaryFolder folder;
  const MapFiles files(folder.path());
  for (const char* name :
       {"kappa/smooth-none/epoch_0001.h5", "kappa/layers/epoch_0001_b.h5", "kappa/epoch_0001.h5",
        "kappa/epoch_0010.h5", "kappa/older/epoch_0001_ab.h5",
        "kappa/classes/epoch_0001_class_00.h5", "kappa/partial/epoch_0001_1.h5",
        "kappa/.epoch_0001.h5.tmp.1", "kappa/epoch_0001.txt"}) {
    fs::create_directories((folder / name).parent_path());
    write_text_atomically(folder / name, "x");
  }
  std::vector<std::string> folders;
  for (const MapFiles::File& file : files.of_epoch(1)) folders.push_back(file.folder);
  EXPECT_THAT(folders, ElementsAre("", "layers", "smooth-none", "older"));
  EXPECT_EQ(files.list().size(), 5U);
  EXPECT_TRUE(MapFiles(folder / "nothing").list().empty());
}

TEST(MapFiles, MakesRoomForAMapOfSomethingElseAlone) {
  const test::TemporaryFolder folder;
  const MapFiles files(folder.path());
  const fs::path path = files.map({}, 1);
  EXPECT_TRUE(files.make_room(path, map_of(1, {"a"})).empty());
  write(path, map_of(1, {"a"}));
  EXPECT_TRUE(files.make_room(path, map_of(1, {"a"})).empty());
  const fs::path older = files.make_room(path, map_of(1, {"a", "b"}));
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(kappa_from_document(read_document(older, "kappa"), "older").layers.size(), 1U);
  write_text_atomically(path, "damaged");
  EXPECT_TRUE(files.make_room(path, map_of(1, {"a"})).empty());
}

TEST(MapSeries, TakesMostLayersThenMostEpochs) {
  const test::TemporaryFolder folder;
  const MapFiles files(folder.path());
  for (const std::int64_t epoch : {0, 1, 2}) write(files.map({"a"}, epoch), map_of(epoch, {"a"}));
  EXPECT_EQ(read_series(folder.path(), 10, "").epochs.size(), 3U);
  for (const std::int64_t epoch : {1, 2})
    write(files.map({"", "", "", "softplus:1"}, epoch), map_of(epoch, {"a", "b"}, "softplus:1"));
  write(files.map({}, 2), map_of(2, {"a", "b"}));
  const MapSeries series = read_series(folder.path(), 10, "");
  ASSERT_EQ(series.epochs.size(), 2U);
  EXPECT_EQ(series.smooth, "softplus:1");
  EXPECT_EQ(series.epochs[0].layers[1].layer, "b");
  EXPECT_EQ(series.epochs[0].layers[1].over, 1);
  EXPECT_THAT(series.taken, ElementsAre("kappa/smooth-softplus-1: 2 epochs"));
  EXPECT_THAT(series.left_out,
              ElementsAre(HasSubstr("kappa: 1 map"), HasSubstr("kappa/layers: 3 maps")));
  EXPECT_EQ(read_series(folder.path(), 10, kOwnMaps).epochs.size(), 1U);
}

TEST(MapSeries, JoinsALayersMapsOfOneEpoch) {
  const test::TemporaryFolder folder;
  const MapFiles files(folder.path());
  write(files.map({}, 0), map_of(0, {"a", "b"}));
  write(files.map({"a"}, 1), map_of(1, {"a"}));
  write(files.map({"b"}, 1), map_of(1, {"b"}));
  write(files.map({"a"}, 2), map_of(2, {"a"}));
  const MapSeries series = read_series(folder.path(), 10, "");
  ASSERT_EQ(series.epochs.size(), 2U);  // epoch 2 has no b
  EXPECT_THAT(series.taken, ElementsAre("kappa: 1 epoch", "kappa/layers: 1 epoch"));
}

TEST(MapSeries, EstimatesAndOtherSplitsDoNotMix) {
  const test::TemporaryFolder folder;
  const MapFiles files(folder.path());
  KappaMap estimate = map_of(0, {"a"});
  estimate.method = "estimate";
  write(files.map({"", "", "estimate-2"}, 0), estimate);
  KappaMap test = map_of(1, {"a"});
  test.split = "test";
  write(files.map({"", "test"}, 1), test);
  EXPECT_EQ(read_series(folder.path(), 10, "").epochs.size(), 1U);
  write(files.map({}, 2), map_of(2, {"a"}));
  const MapSeries series = read_series(folder.path(), 10, "");
  ASSERT_EQ(series.epochs.size(), 1U);
  EXPECT_EQ(series.epochs[0].epoch, 2);
  EXPECT_EQ(series.left_out.size(), 2U);
  EXPECT_THROW(read_series(folder.path(), 10, "layers"), Error);
}

TEST(KappaCsv, NewHistogramsReplaceThoseOfTheSameMapAlone) {
  const std::string header = "epoch,layer,log10_from,log10_to,count\n";
  const std::string there = header + "1,a,0,1,5\n1,\"b,c\",0,1,6\n3,a,0,1,7\n";
  EXPECT_EQ(with_histograms(there, header + "2,a,0,1,8\n1,\"b,c\",0,1,9\n"),
            header + "1,\"b,c\",0,1,9\n1,a,0,1,5\n2,a,0,1,8\n3,a,0,1,7\n");
  EXPECT_EQ(with_histograms("other\n1,a,0,1,5\n", header + "2,a,0,1,8\n"), header + "2,a,0,1,8\n");
  EXPECT_EQ(with_histograms("", header), header);
}

}  // namespace
}  // namespace varphase
