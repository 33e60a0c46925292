import { Loading } from "@/parts/States";
import type { HostProps } from "./host";
export default function SceneHost(_props: HostProps) {
  return <Loading />;
}
