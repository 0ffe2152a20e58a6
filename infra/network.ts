import { SecurityGroup, Subnet, Vpc } from "aws-cdk-lib/aws-ec2";
import type { FunctionOptions } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { accept } from "./checks.ts";
import type { Configuration } from "./configuration.ts";

/** Where functions run: empty means Lambda's own network. */
export type NetworkOptions = Pick<FunctionOptions, "vpc" | "vpcSubnets" | "securityGroups">;

/**
 * No VPC by default: Qdrant Cloud is reached over TLS, and a VPC adds the price of a NAT gateway.
 * Everything is given by id, so synthesis looks nothing up.
 */
export function importNetwork(scope: Construct, { network }: Configuration): NetworkOptions {
  if (network === null) return {};
  const subnets = network.subnetIds.map((id) => Subnet.fromSubnetId(scope, id, id));
  for (const subnet of subnets)
    accept(subnet, "Annotation::@aws-cdk/aws-ec2:noSubnetRouteTableId", "Nothing here touches route tables.");
  return {
    // Zones only matter for choosing subnets, and those are chosen; the CDK wants to be told one all the same.
    vpc: Vpc.fromVpcAttributes(scope, "Vpc", { vpcId: network.vpcId, availabilityZones: ["any"] }),
    vpcSubnets: { subnets },
    securityGroups: network.securityGroupIds.map((id) =>
      // Immutable: the rules of a group that others made are theirs.
      SecurityGroup.fromSecurityGroupId(scope, id, id, { mutable: false }),
    ),
  };
}
