#include "acs/validation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ecs::acs {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

ElasticNetworkInterface good() {
  ElasticNetworkInterface interface;
  interface.ec2_id = "eni-1";
  interface.mac_address = "0e:11:22:33:44:55";
  interface.ipv4_addresses = {{"10.0.1.20", true}};
  interface.subnet_gateway_ipv4_address = "10.0.1.1/24";
  return interface;
}

TEST(AcsValidation, Interfaces) {
  EXPECT_EQ(problem_of(good()), std::nullopt);

  auto interface = good();
  interface.ipv4_addresses.clear();
  EXPECT_THAT(problem_of(interface), Optional(HasSubstr("no ipv4 addresses")));
  interface.ipv6_addresses = {{"fd00::2", true}};
  EXPECT_THAT(problem_of(interface), Optional(HasSubstr("no subnet gateway ipv6")));
  interface.subnet_gateway_ipv6_address = "fd00::1/64";
  EXPECT_EQ(problem_of(interface), std::nullopt);

  interface = good();
  interface.subnet_gateway_ipv4_address = "10.0.1.1";
  EXPECT_THAT(problem_of(interface), Optional(HasSubstr("invalid subnet gateway ipv4 address 10.0.1.1")));
  interface.subnet_gateway_ipv4_address = "10.0.1.1/24/7";
  EXPECT_TRUE(problem_of(interface));

  interface = good();
  interface.mac_address.reset();
  EXPECT_THAT(problem_of(interface), Optional(HasSubstr("mac address")));

  interface = good();
  interface.ec2_id.reset();
  EXPECT_THAT(problem_of(interface), Optional(HasSubstr("eni id")));
}

TEST(AcsValidation, InterfaceProtocols) {
  auto interface = good();
  interface.interface_association_protocol = "default";
  EXPECT_EQ(problem_of(interface), std::nullopt);
  interface.interface_association_protocol = "tunnel";
  EXPECT_THAT(problem_of(interface), Optional(HasSubstr("invalid interface association protocol: tunnel")));
  interface.interface_association_protocol = "vlan";
  EXPECT_THAT(problem_of(interface), Optional(HasSubstr("vlan interface properties missing")));
  interface.interface_vlan_properties = VlanProperties{"12", "0e:00"};
  EXPECT_EQ(problem_of(interface), std::nullopt);
  interface.interface_vlan_properties->vlan_id = "";
  EXPECT_TRUE(problem_of(interface));
}

TEST(AcsValidation, Arns) {
  EXPECT_TRUE(is_arn("arn:aws:ecs:us-west-2:111122223333:cluster/c1"));
  EXPECT_TRUE(is_arn("arn:aws:s3:::bucket"));
  EXPECT_FALSE(is_arn("arn:aws:ecs"));
  EXPECT_FALSE(is_arn("cluster/c1"));
  EXPECT_FALSE(is_arn(""));
}

TEST(AcsValidation, TheProblemNamesTheInterface) {
  AttachInstanceNetworkInterfacesMessage message;
  message.message_id = "m";
  message.cluster_arn = "c";
  message.container_instance_arn = "i";
  message.wait_timeout_ms = 1;
  message.elastic_network_interfaces = {good(), {}};
  EXPECT_THAT(problem_of(message), Optional(HasSubstr("elasticNetworkInterfaces[1]")));
}

}  // namespace
}  // namespace ecs::acs
