// Each operation, good and bad, through the decoder that real requests take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/loop.hpp"
#include "json/json.hpp"
#include "local/ecs_api.hpp"
#include "store/memory_store.hpp"

namespace ecs::local {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RecordingSender : public TaskSender {
 public:
  void send(const TaskRecord& task) override { sent.push_back(task.task.desired_status + " " + task.task.task_arn); }
  void forget(const std::string& task_arn) override { forgotten.push_back(task_arn); }
  std::vector<std::string> sent;
  std::vector<std::string> forgotten;
};

class ApiTest : public ::testing::Test {
 protected:
  boost::json::value call(const std::string& operation, const std::string& body) {
    auto response =
        loop_.run_until_done(answer_api_call(context_, "AmazonEC2ContainerServiceV20141113." + operation, body));
    status_ = response.status;
    return json::parse(response.body);
  }

  boost::json::value good(const std::string& operation, const std::string& body) {
    auto answer = call(operation, body);
    EXPECT_EQ(status_, 200) << operation << " " << json::write(answer);
    return answer;
  }

  /// `Code: message`.
  std::string bad(const std::string& operation, const std::string& body) {
    const auto answer = call(operation, body);
    EXPECT_EQ(status_, 400) << operation << " " << json::write(answer);
    if (status_ == 200) return "";
    return std::string(answer.at("__type").as_string()) + ": " + std::string(answer.at("message").as_string());
  }

  void make_cluster() { good("CreateCluster", "{}"); }

  std::string make_instance(const std::string& members = "") {
    make_cluster();
    const auto answer = good("RegisterContainerInstance", R"({"cluster":"default","clientToken":"t",
        "instanceIdentityDocument":"{\"instanceId\":\"i-1\"}","instanceIdentityDocumentSignature":"",
        "attributes":[{"name":"ecs.os-type","value":"linux"},{"name":"ecs.capability.full-sync"}],
        "totalResources":[{"name":"CPU","type":"INTEGER","integerValue":2048},{"name":"MEMORY","type":"INTEGER","integerValue":1000},
        {"name":"PORTS","type":"STRINGSET","stringSetValue":["22"]},{"name":"PORTS_UDP","type":"STRINGSET","stringSetValue":[]}])" +
                                                              members + "}");
    const std::string arn(answer.at("containerInstance").at("containerInstanceArn").as_string());
    state_.instances().at(arn).instance.agent_connected = true;
    return arn;
  }

  void make_definition(const std::string& members = "") {
    good("RegisterTaskDefinition",
         R"({"family":"f","containerDefinitions":[{"name":"web","image":"i","memory":100)" + members + "}]}");
  }

  std::string make_task(const std::string& members = "") {
    const auto answer = good("RunTask", R"({"taskDefinition":"f")" + members + "}");
    return std::string(answer.at("tasks").at(0).at("taskArn").as_string());
  }

  boost::json::value describe(const std::string& task) {
    return good("DescribeTasks", R"({"tasks":[")" + task + R"("]})").at("tasks").at(0);
  }

  void report(const std::string& task, const std::string& members) {
    good("SubmitTaskStateChange", R"({"cluster":"default","task":")" + task + R"(",)" + members + "}");
  }

  base::Loop loop_;
  base::VirtualClock clock_{loop_};
  store::MemoryStore store_;
  base::Random random_{1};
  State state_{store_, random_, "us-west-2"};
  RecordingSender sender_;
  ApiContext context_{
      .state = state_, .sender = sender_, .clock = clock_, .endpoint = "http://127.0.0.1:1", .machine = "x86_64"};
  int status_ = 0;
};

TEST_F(ApiTest, UnknownOperationsAreNamed) {
  EXPECT_THAT(bad("DeleteEverything", "{}"), HasSubstr("UnknownOperationException: X-Amz-Target"));
  EXPECT_THAT(bad("DeleteEverything", "{}"), HasSubstr("DeleteEverything"));
}

TEST_F(ApiTest, WhatIsNoJsonIsRefusedWithItsPosition) {
  EXPECT_THAT(bad("ListClusters", "{"), HasSubstr("ClientException: "));
  EXPECT_THAT(bad("ListClusters", "[]"), HasSubstr("ClientException: "));
}

TEST_F(ApiTest, EveryOperationNamesAnUnknownMember) {
  for (const char* operation :
       {"CreateCluster", "DescribeClusters", "ListClusters", "RegisterTaskDefinition", "DescribeTaskDefinition",
        "ListTaskDefinitions", "RunTask", "StopTask", "DescribeTasks", "ListTasks", "ListContainerInstances",
        "DescribeContainerInstances", "RegisterContainerInstance", "DiscoverPollEndpoint", "SubmitTaskStateChange",
        "SubmitContainerStateChange", "SubmitAttachmentStateChanges", "UpdateContainerInstancesState"}) {
    EXPECT_THAT(bad(operation, R"({"colour":1})"), HasSubstr("ClientException: colour")) << operation;
  }
}

TEST_F(ApiTest, ClustersAreMadeOnceDescribedAndListed) {
  const auto made = good("CreateCluster", R"({"clusterName":"c1","tags":[{"key":"a","value":"b"}]})").at("cluster");
  EXPECT_EQ(made.at("status"), "ACTIVE");
  EXPECT_THAT(std::string(made.at("clusterArn").as_string()), HasSubstr(":cluster/c1"));
  EXPECT_EQ(good("CreateCluster", R"({"clusterName":"c1"})").at("cluster").at("clusterArn"), made.at("clusterArn"));
  EXPECT_EQ(good("ListClusters", "{}").at("clusterArns").as_array().size(), 1U);
  const auto described = good("DescribeClusters", R"({"clusters":["c1","none"],"include":["TAGS"]})");
  EXPECT_EQ(described.at("clusters").at(0).at("tags").at(0).at("key"), "a");
  EXPECT_EQ(described.at("failures").at(0).at("reason"), "MISSING");
}

TEST_F(ApiTest, BadClusterRequests) {
  EXPECT_THAT(bad("CreateCluster", R"({"clusterName":"a b"})"), HasSubstr("clusterName: must be"));
  EXPECT_THAT(bad("CreateCluster", R"({"clusterName":7})"), HasSubstr("clusterName: expected string"));
  EXPECT_THAT(bad("CreateCluster", R"({"settings":[{"name":"containerInsights"}]})"),
              HasSubstr("settings: not supported"));
  EXPECT_THAT(bad("DescribeClusters", R"({"include":["ALL"]})"), HasSubstr("include[0]: must be one of"));
  EXPECT_THAT(bad("ListClusters", R"({"maxResults":0})"), HasSubstr("maxResults: must be from 1 to 100, got 0"));
  EXPECT_THAT(bad("ListClusters", R"({"nextToken":"x"})"), HasSubstr("InvalidParameterException: nextToken: 'x'"));
}

TEST_F(ApiTest, DefinitionsGetRevisions) {
  make_definition();
  make_definition();
  const auto second = good("DescribeTaskDefinition", R"({"taskDefinition":"f"})").at("taskDefinition");
  EXPECT_EQ(second.at("revision"), 2);
  EXPECT_EQ(good("DescribeTaskDefinition", R"({"taskDefinition":"f:1"})").at("taskDefinition").at("revision"), 1);
  const std::string arn(second.at("taskDefinitionArn").as_string());
  EXPECT_EQ(good("DescribeTaskDefinition", R"({"taskDefinition":")" + arn + "\"}").at("taskDefinition").at("revision"),
            2);
  const auto first_page = good("ListTaskDefinitions", R"({"sort":"DESC","maxResults":1})");
  EXPECT_THAT(std::string(first_page.at("taskDefinitionArns").at(0).as_string()), HasSubstr("f:2"));
  const std::string token(first_page.at("nextToken").as_string());
  const auto next_page = good("ListTaskDefinitions", R"({"sort":"DESC","nextToken":")" + token + "\"}");
  EXPECT_EQ(next_page.at("taskDefinitionArns").as_array().size(), 1U);
  EXPECT_FALSE(next_page.as_object().contains("nextToken"));
}

TEST_F(ApiTest, UnknownDefinitionsAreNamed) {
  EXPECT_THAT(bad("DescribeTaskDefinition", R"({"taskDefinition":"x:3"})"),
              HasSubstr("ClientException: TaskDefinition not found. No task definition is registered as 'x:3'"));
  EXPECT_THAT(bad("DescribeTaskDefinition", "{}"), HasSubstr("taskDefinition: required"));
  EXPECT_THAT(bad("ListTaskDefinitions", R"({"sort":"UP"})"), HasSubstr("sort: must be one of ASC, DESC"));
}

TEST_F(ApiTest, InstancesRegisterAndAreDescribed) {
  const std::string arn = make_instance();
  EXPECT_EQ(good("ListContainerInstances", "{}").at("containerInstanceArns").at(0), boost::json::string_view(arn));
  EXPECT_TRUE(
      good("ListContainerInstances", R"({"status":"DRAINING"})").at("containerInstanceArns").as_array().empty());
  const auto instance = good("DescribeContainerInstances", R"({"containerInstances":[")" + arn + R"(","none"]})");
  const auto& one = instance.at("containerInstances").at(0);
  EXPECT_EQ(one.at("ec2InstanceId"), "i-1");
  EXPECT_EQ(one.at("agentConnected"), true);
  EXPECT_EQ(one.at("attributes").as_array().size(), 3U);
  EXPECT_EQ(instance.at("failures").at(0).at("arn"), "none");
}

TEST_F(ApiTest, AnInstanceKeepsItsArn) {
  const std::string arn = make_instance();
  const auto again = good("RegisterContainerInstance", R"({"containerInstanceArn":")" + arn + "\"}");
  EXPECT_EQ(again.at("containerInstance").at("containerInstanceArn"), boost::json::string_view(arn));
  EXPECT_EQ(state_.instances().size(), 1U);
}

TEST_F(ApiTest, ARepeatedRegistrationMakesNoSecondInstance) {
  const std::string arn = make_instance();
  EXPECT_EQ(make_instance(), arn);
}

TEST_F(ApiTest, AnAgentThatLostItsStateTakesThePlaceOfItsOldInstance) {
  const std::string arn = make_instance();
  make_definition();
  const std::string task = make_task();
  const auto again = good("RegisterContainerInstance",
                          R"({"clientToken":"other","instanceIdentityDocument":"{\"instanceId\":\"i-1\"}"})");
  EXPECT_NE(again.at("containerInstance").at("containerInstanceArn"), boost::json::string_view(arn));
  EXPECT_EQ(good("ListContainerInstances", "{}").at("containerInstanceArns").as_array().size(), 1U);
  const auto old = good("DescribeContainerInstances", R"({"containerInstances":[")" + arn + R"("]})");
  EXPECT_EQ(old.at("containerInstances").at(0).at("status"), "INACTIVE");
  EXPECT_EQ(describe(task).at("lastStatus"), "STOPPED");
  EXPECT_THAT(sender_.forgotten, ElementsAre(task));
  EXPECT_EQ(good("DescribeClusters", "{}").at("clusters").at(0).at("registeredContainerInstancesCount"), 1);
}

TEST_F(ApiTest, BadInstanceRequests) {
  EXPECT_THAT(bad("RegisterContainerInstance", R"({"cluster":"c9"})"),
              HasSubstr("ClientException: Cluster not found. There is no cluster 'c9' here"));
  make_cluster();
  EXPECT_THAT(bad("RegisterContainerInstance", R"({"totalResources":[{"type":"INTEGER"}]})"),
              HasSubstr("totalResources[0].name: required"));
  EXPECT_THAT(bad("RegisterContainerInstance", R"({"instanceIdentityDocument":"{"})"),
              HasSubstr("instanceIdentityDocument: "));
  EXPECT_THAT(bad("DescribeContainerInstances", "{}"), HasSubstr("containerInstances: required"));
  EXPECT_THAT(bad("ListContainerInstances", R"({"cluster":"c9"})"),
              HasSubstr("ClusterNotFoundException: Cluster not found."));
  EXPECT_THAT(bad("ListContainerInstances", R"({"filter":"x"})"), HasSubstr("filter: not supported"));
  EXPECT_THAT(bad("UpdateContainerInstancesState", R"({"containerInstances":["x"],"status":"GONE"})"),
              HasSubstr("status: must be one of ACTIVE, DRAINING"));
}

TEST_F(ApiTest, PollEndpointsAreOnThisServer) {
  const std::string arn = make_instance();
  const auto answer =
      good("DiscoverPollEndpoint", R"({"cluster":"default","containerInstance":")" + arn + R"(","zoneId":""})");
  EXPECT_EQ(answer.at("endpoint"), "http://127.0.0.1:1/acs/");
  EXPECT_EQ(answer.at("telemetryEndpoint"), "http://127.0.0.1:1/tcs/");
  EXPECT_THAT(bad("DiscoverPollEndpoint", R"({"containerInstance":"x"})"), HasSubstr("has no instance 'x'"));
}

TEST_F(ApiTest, RunTaskSendsWhatItAnswers) {
  const std::string instance = make_instance();
  make_definition();
  const auto answer =
      good("RunTask", R"({"taskDefinition":"f","count":2,"startedBy":"me","tags":[{"key":"a","value":"b"}]})");
  ASSERT_EQ(answer.at("tasks").as_array().size(), 2U);
  const auto& task = answer.at("tasks").at(0);
  EXPECT_EQ(task.at("lastStatus"), "PENDING");
  EXPECT_EQ(task.at("desiredStatus"), "RUNNING");
  EXPECT_EQ(task.at("group"), "family:f");
  EXPECT_EQ(task.at("containerInstanceArn"), boost::json::string_view(instance));
  EXPECT_EQ(task.at("containers").at(0).at("lastStatus"), "PENDING");
  EXPECT_EQ(sender_.sent.size(), 2U);
  const auto described = good("DescribeContainerInstances", R"({"containerInstances":[")" + instance + R"("]})");
  EXPECT_EQ(described.at("containerInstances").at(0).at("pendingTasksCount"), 2);
  EXPECT_EQ(described.at("containerInstances").at(0).at("remainingResources").at(1).at("integerValue"), 800);
}

TEST_F(ApiTest, TheSameTokenStartsNothingTwice) {
  make_instance();
  make_definition();
  const std::string first = make_task(R"(,"clientToken":"t1")");
  EXPECT_EQ(make_task(R"(,"clientToken":"t1")"), first);
  EXPECT_EQ(sender_.sent.size(), 1U);
}

TEST_F(ApiTest, TasksThatDoNotFitFailWithTheReason) {
  make_instance();
  make_definition(R"(,"portMappings":[{"containerPort":80,"hostPort":8080}])");
  const auto reason = [this](const std::string& members) {
    const auto answer = good("RunTask", R"({"taskDefinition":"f")" + members + "}");
    EXPECT_TRUE(answer.at("tasks").as_array().empty());
    return std::string(answer.at("failures").at(0).at("reason").as_string());
  };
  EXPECT_EQ(reason(R"(,"overrides":{"containerOverrides":[{"name":"web","memory":5000}]})"), "RESOURCE:MEMORY");
  EXPECT_EQ(reason(R"(,"overrides":{"containerOverrides":[{"name":"web","cpu":5000}]})"), "RESOURCE:CPU");
  make_task();
  EXPECT_EQ(reason(""), "RESOURCE:PORTS");
  make_definition(R"(,"dependsOn":[])");
  state_.instances().begin()->second.instance.agent_connected = false;
  EXPECT_EQ(reason(""), "AGENT");
}

TEST_F(ApiTest, GpusAreGivenToOneTaskEach) {
  make_instance(R"(,"platformDevices":[{"id":"GPU-1","type":"GPU"},{"id":"GPU-2","type":"GPU"}])");
  make_definition(R"(,"resourceRequirements":[{"type":"GPU","value":"1"}])");
  const auto gpu = [this] {
    const auto task = good("RunTask", R"({"taskDefinition":"f"})").at("tasks").at(0);
    return task.at("containers").at(0).at("gpuIds").as_array();
  };
  EXPECT_EQ(gpu(), (boost::json::array{"GPU-1"}));
  EXPECT_EQ(gpu(), (boost::json::array{"GPU-2"}));
  const auto failure = good("RunTask", R"({"taskDefinition":"f"})").at("failures").at(0);
  EXPECT_EQ(failure.at("reason"), "RESOURCE:GPU");
  EXPECT_EQ(failure.at("detail"), "1 GPUs wanted, 0 left");
}

TEST_F(ApiTest, TasksThatNeedWhatTheAgentDoesNotOfferFail) {
  make_instance();
  make_definition(R"(,"restartPolicy":{"enabled":true})");
  const auto failure = good("RunTask", R"({"taskDefinition":"f"})").at("failures").at(0);
  EXPECT_EQ(failure.at("reason"), "ATTRIBUTE");
  EXPECT_EQ(failure.at("detail"), "the agent does not offer ecs.capability.container-restart-policy");
}

TEST_F(ApiTest, BadRunTaskRequests) {
  make_cluster();
  EXPECT_THAT(bad("RunTask", "{}"), HasSubstr("taskDefinition: required"));
  EXPECT_THAT(bad("RunTask", R"({"taskDefinition":"x"})"), HasSubstr("TaskDefinition not found."));
  make_definition();
  EXPECT_THAT(bad("RunTask", R"({"taskDefinition":"f","cluster":"c9"})"), HasSubstr("ClusterNotFoundException: "));
  EXPECT_THAT(bad("RunTask", R"({"taskDefinition":"f"})"),
              HasSubstr("No Container Instances were found in your cluster."));
  EXPECT_THAT(bad("RunTask", R"({"taskDefinition":"f","count":11})"), HasSubstr("count: must be from 1 to 10, got 11"));
  EXPECT_THAT(bad("RunTask", R"({"taskDefinition":"f","count":"2"})"),
              HasSubstr("count: expected integer, got string"));
  EXPECT_THAT(bad("RunTask", R"({"taskDefinition":"f","launchType":"FARGATE"})"),
              HasSubstr("launchType: not supported"));
  EXPECT_THAT(bad("RunTask", R"({"taskDefinition":"f","networkConfiguration":{"awsvpcConfiguration":{}}})"),
              HasSubstr("networkConfiguration: not supported"));
  EXPECT_THAT(bad("RunTask", R"({"taskDefinition":"f","enableExecuteCommand":true})"),
              HasSubstr("enableExecuteCommand: not supported"));
  EXPECT_THAT(bad("RunTask", R"({"taskDefinition":"f","overrides":{"containerOverrides":[{"name":"db"}]}})"),
              HasSubstr("'db' is no container of task definition f:1"));
  EXPECT_THAT(
      bad("RunTask", R"({"taskDefinition":"f","overrides":{"containerOverrides":[{"name":"web","comand":[]}]}})"),
      HasSubstr("overrides.containerOverrides[0].comand"));
}

TEST_F(ApiTest, AClosingControlPlaneTakesNoTasks) {
  make_instance();
  make_definition();
  context_.closing = true;
  EXPECT_THAT(bad("RunTask", R"({"taskDefinition":"f"})"), HasSubstr("going down"));
}

TEST_F(ApiTest, ATaskThatEndsByItself) {
  make_instance();
  make_definition();
  const std::string task = make_task();
  report(
      task,
      R"("status":"PENDING","reason":"","containers":[{"containerName":"web","status":"PENDING","imageDigest":"sha256:1"}])");
  report(task,
         R"("status":"RUNNING","reason":"","pullStartedAt":1.5,"containers":[{"containerName":"web","status":"RUNNING",
      "runtimeId":"r1","networkBindings":[{"bindIP":"0.0.0.0","containerPort":80,"hostPort":32768,"protocol":"tcp"}]}])");
  auto now = describe(task);
  EXPECT_EQ(now.at("lastStatus"), "RUNNING");
  EXPECT_TRUE(now.as_object().contains("startedAt"));
  EXPECT_EQ(now.at("pullStartedAt"), 1.5);
  EXPECT_EQ(now.at("containers").at(0).at("networkBindings").at(0).at("bindIP"), "0.0.0.0");
  report(
      task,
      R"("status":"STOPPED","reason":"","executionStoppedAt":9.25,"containers":[{"containerName":"web","status":"STOPPED","exitCode":3}])");
  now = describe(task);
  EXPECT_EQ(now.at("lastStatus"), "STOPPED");
  EXPECT_EQ(now.at("desiredStatus"), "STOPPED");
  EXPECT_EQ(now.at("stopCode"), "EssentialContainerExited");
  EXPECT_EQ(now.at("stoppedReason"), "Essential container in task exited");
  EXPECT_EQ(now.at("containers").at(0).at("exitCode"), 3);
  EXPECT_EQ(now.at("containers").at(0).at("runtimeId"), "r1");
  EXPECT_THAT(sender_.forgotten, ElementsAre(task));
  report(task, R"("status":"RUNNING","reason":"")");
  EXPECT_EQ(describe(task).at("lastStatus"), "STOPPED");
}

TEST_F(ApiTest, ATaskThatNeverStarted) {
  make_instance();
  make_definition();
  const std::string task = make_task();
  report(
      task,
      R"("status":"STOPPED","reason":"","containers":[{"containerName":"web","status":"STOPPED","reason":"CannotPullContainerError: x"}])");
  const auto now = describe(task);
  EXPECT_EQ(now.at("stopCode"), "TaskFailedToStart");
  EXPECT_EQ(now.at("stoppedReason"), "Task failed to start");
  EXPECT_EQ(now.at("containers").at(0).at("reason"), "CannotPullContainerError: x");
  EXPECT_FALSE(now.at("containers").at(0).as_object().contains("exitCode"));
}

TEST_F(ApiTest, StopTaskSendsAndKeepsItsReason) {
  make_instance();
  make_definition();
  const std::string task = make_task();
  const auto stopped = good("StopTask", R"({"task":")" + task + R"(","reason":"enough"})").at("task");
  EXPECT_EQ(stopped.at("desiredStatus"), "STOPPED");
  EXPECT_EQ(stopped.at("lastStatus"), "PENDING");
  EXPECT_EQ(sender_.sent.back(), "STOPPED " + task);
  report(task, R"("status":"STOPPED","reason":"")");
  const auto now = describe(task);
  EXPECT_EQ(now.at("stopCode"), "UserInitiated");
  EXPECT_EQ(now.at("stoppedReason"), "enough");
  good("StopTask", R"({"task":")" + task + R"("})");
  EXPECT_EQ(sender_.sent.size(), 2U);
}

TEST_F(ApiTest, TasksAreListedByWhatIsAsked) {
  const std::string instance = make_instance();
  make_definition();
  const std::string one = make_task(R"(,"startedBy":"me")");
  const std::string two = make_task();
  const auto count = [this](const std::string& members) {
    return good("ListTasks", "{" + members + "}").at("taskArns").as_array().size();
  };
  EXPECT_EQ(count(""), 2U);
  EXPECT_EQ(count(R"("startedBy":"me")"), 1U);
  EXPECT_EQ(count(R"("family":"f")"), 2U);
  EXPECT_EQ(count(R"("family":"g")"), 0U);
  EXPECT_EQ(count(R"("containerInstance":")" + instance + "\""), 2U);
  EXPECT_EQ(count(R"("desiredStatus":"STOPPED")"), 0U);
  good("StopTask", R"({"task":")" + two + R"("})");
  EXPECT_EQ(count(""), 1U);
  EXPECT_EQ(count(R"("desiredStatus":"STOPPED")"), 1U);
}

TEST_F(ApiTest, BadTaskRequests) {
  make_cluster();
  EXPECT_THAT(bad("StopTask", "{}"), HasSubstr("task: required"));
  EXPECT_THAT(
      bad("StopTask", R"({"task":"t9"})"),
      HasSubstr("InvalidParameterException: The referenced task was not found. Cluster 'default' has no task 't9'"));
  EXPECT_THAT(bad("DescribeTasks", "{}"), HasSubstr("InvalidParameterException: tasks: required"));
  EXPECT_EQ(good("DescribeTasks", R"({"tasks":["t9"]})").at("failures").at(0).at("reason"), "MISSING");
  EXPECT_THAT(bad("ListTasks", R"({"desiredStatus":"ALIVE"})"), HasSubstr("desiredStatus: must be one of"));
  EXPECT_THAT(bad("ListTasks", R"({"serviceName":"s"})"), HasSubstr("ServiceNotFoundException: "));
  EXPECT_THAT(bad("ListTasks", R"({"containerInstance":"x"})"), HasSubstr("has no instance 'x'"));
  EXPECT_THAT(bad("SubmitTaskStateChange", R"({"task":"t9","status":"RUNNING"})"), HasSubstr("has no task 't9'"));
  EXPECT_THAT(bad("SubmitTaskStateChange", R"({"task":"t9"})"), HasSubstr("status: required"));
  EXPECT_THAT(bad("SubmitTaskStateChange", R"({"task":"t9","status":"DEAD"})"), HasSubstr("status: must be one of"));
  EXPECT_THAT(bad("SubmitContainerStateChange", R"({"task":"t9","containerName":"c","status":"RUNNING"})"),
              HasSubstr("has no task 't9'"));
  EXPECT_THAT(bad("SubmitAttachmentStateChanges", R"({"attachments":[{}]})"),
              HasSubstr("attachments[0].attachmentArn: required"));
}

TEST_F(ApiTest, ReportsAboutUnknownContainersChangeNothing) {
  make_instance();
  make_definition();
  const std::string task = make_task();
  EXPECT_THAT(
      bad("SubmitTaskStateChange",
          R"({"task":")" + task + R"(","status":"RUNNING","containers":[{"containerName":"x","status":"RUNNING"}]})"),
      HasSubstr("containers[0].containerName: task"));
  EXPECT_EQ(describe(task).at("lastStatus"), "PENDING");
}

TEST_F(ApiTest, ContainerAndAttachmentReportsAreTaken) {
  make_instance();
  make_definition();
  const std::string task = make_task();
  EXPECT_EQ(good("SubmitContainerStateChange",
                 R"({"task":")" + task + R"(","containerName":"web","status":"RUNNING","runtimeId":"r"})")
                .at("acknowledgment"),
            "ok");
  EXPECT_EQ(describe(task).at("containers").at(0).at("lastStatus"), "RUNNING");
  good("SubmitAttachmentStateChanges", R"({"attachments":[{"attachmentArn":"a","status":"ATTACHED"}]})");
  good("SubmitTaskStateChange",
       R"({"task":")" + task + R"(","attachments":[{"attachmentArn":"a","status":"ATTACHED"}]})");
}

TEST_F(ApiTest, ADrainingInstanceTakesNoTasks) {
  const std::string arn = make_instance();
  make_definition();
  const auto drained =
      good("UpdateContainerInstancesState", R"({"containerInstances":[")" + arn + R"(","x"],"status":"DRAINING"})");
  EXPECT_EQ(drained.at("containerInstances").at(0).at("status"), "DRAINING");
  EXPECT_EQ(drained.at("failures").at(0).at("arn"), "x");
  EXPECT_THAT(bad("RunTask", R"({"taskDefinition":"f"})"), HasSubstr("No Container Instances"));
}

TEST_F(ApiTest, StateOutlivesTheProcess) {
  make_instance();
  make_definition();
  const std::string task = make_task();
  loop_.run_until_done(state_.save_identity());
  State again(store_, random_, "eu-west-1");
  EXPECT_EQ(again.identity().region, "us-west-2");
  EXPECT_EQ(again.identity().instance_id, state_.identity().instance_id);
  EXPECT_EQ(again.identity().client_key, state_.identity().client_key);
  EXPECT_EQ(again.clusters().size(), 1U);
  EXPECT_EQ(again.definitions().size(), 1U);
  EXPECT_FALSE(again.instances().begin()->second.instance.agent_connected);
  EXPECT_EQ(again.tasks().at(task).task.containers.at(0).name, "web");
}

TEST_F(ApiTest, OldStoppedTasksAreForgotten) {
  make_instance();
  make_definition();
  const std::string task = make_task();
  report(task, R"("status":"STOPPED","reason":"")");
  const double stopped = *state_.tasks().at(task).task.stopped_at;
  loop_.run_until_done(state_.forget_stopped_before(stopped));
  EXPECT_EQ(state_.tasks().size(), 1U);
  loop_.run_until_done(state_.forget_stopped_before(stopped + 1));
  EXPECT_TRUE(state_.tasks().empty());
  EXPECT_TRUE(store_.load(store::Table::kTasks).empty());
}

}  // namespace
}  // namespace ecs::local
