/**
 * Images of several sizes, and plates of them, as OME-NGFF (OME-Zarr): version 0.5
 * (<https://ngff.openmicroscopy.org/0.5/>) in zarr 3, and version 0.4
 * (<https://ngff.openmicroscopy.org/0.4/>) in zarr 2.
 *
 * @module
 */
export type { Axes, Axis } from "./ome/axes.ts";
export type { Channel } from "./ome/channels.ts";
export type { Downsampling } from "./ome/halve.ts";
export { openMultiscale } from "./ome/image.ts";
export type { MultiscaleImage, PlaneIndex, ReadPlaneOptions } from "./ome/image.ts";
export type { ImageMetadata, LevelMetadata, Placement } from "./ome/image_metadata.ts";
export type { ImageLayout } from "./ome/levels.ts";
export { createPlate, openPlate } from "./ome/plate.ts";
export type { CreatePlateOptions, FieldName, Plate, WellName } from "./ome/plate.ts";
export type { Acquisition, Field, PlateMetadata, WellPlace } from "./ome/plate_metadata.ts";
export { createImagePyramid } from "./ome/pyramid.ts";
export type { ImagePyramidOptions } from "./ome/pyramid.ts";
export type { SaveImagesOptions } from "./ome/save_field.ts";
export type { Images } from "./ome/stack.ts";
export type { OmeVersion } from "./ome/version.ts";
