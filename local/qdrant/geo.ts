import { unsupported } from "./fault.ts";
import { isObject, type Json, JsonNumber, type JsonObject } from "./json.ts";

/** An area on the globe; degrees, and metres for the radius. */
export type GeoArea =
  | { readonly kind: "radius"; readonly center: GeoPoint; readonly radius: number }
  | { readonly kind: "box"; readonly topLeft: GeoPoint; readonly bottomRight: GeoPoint };

export interface GeoPoint {
  readonly lon: number;
  readonly lat: number;
}

// The mean radius by which the real server measures distances.
const earthRadiusMetres = 6_371_008.8;

/** Reads `geo_radius` or `geo_bounding_box` of a field condition; undefined when it has neither. */
export function parseGeoArea(condition: JsonObject): GeoArea | undefined {
  if (isObject(condition.get("geo_polygon"))) throw unsupported("geo_polygon");
  const circle = condition.get("geo_radius");
  if (isObject(circle)) {
    const [center, radius] = [parseGeoPoint(circle.get("center")), circle.get("radius")];
    if (center !== undefined && radius instanceof JsonNumber)
      return { kind: "radius", center, radius: radius.value };
  }
  const box = condition.get("geo_bounding_box");
  if (!isObject(box)) return undefined;
  const [topLeft, bottomRight] = [parseGeoPoint(box.get("top_left")), parseGeoPoint(box.get("bottom_right"))];
  if (topLeft === undefined || bottomRight === undefined) return undefined;
  return { kind: "box", topLeft, bottomRight };
}

export function parseGeoPoint(value: Json | undefined): GeoPoint | undefined {
  if (!isObject(value)) return undefined;
  const [lon, lat] = [value.get("lon"), value.get("lat")];
  return lon instanceof JsonNumber && lat instanceof JsonNumber
    ? { lon: lon.value, lat: lat.value }
    : undefined;
}

export function isInArea(point: GeoPoint, area: GeoArea): boolean {
  if (area.kind === "radius") return distanceMetres(point, area.center) < area.radius;
  const { topLeft, bottomRight } = area;
  // A box whose left is east of its right lies across the date line.
  const isAcross = topLeft.lon > bottomRight.lon;
  const [isEast, isWest] = [point.lon > topLeft.lon, point.lon < bottomRight.lon];
  const isInside = isAcross ? isEast || isWest : isEast && isWest;
  return isInside && point.lat < topLeft.lat && point.lat > bottomRight.lat;
}

/** The haversine formula. */
function distanceMetres(a: GeoPoint, b: GeoPoint): number {
  const radians = Math.PI / 180;
  const halfLat = Math.sin(((b.lat - a.lat) * radians) / 2);
  const halfLon = Math.sin(((b.lon - a.lon) * radians) / 2);
  const part = halfLat ** 2 + Math.cos(a.lat * radians) * Math.cos(b.lat * radians) * halfLon ** 2;
  return 2 * earthRadiusMetres * Math.asin(Math.sqrt(part));
}
