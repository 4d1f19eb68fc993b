//! The names of the events and attributes that browsers know, to distinguish a typo from a user-defined name.

use crate::error::most_alike;

/// Events that elements get.
const EVENTS: &str = "abort animationcancel animationend animationiteration animationstart auxclick beforecopy beforecut beforeinput \
    beforematch beforepaste beforetoggle beforexrselect blur cancel canplay canplaythrough change click close command compositionend \
    compositionstart compositionupdate contentvisibilityautostatechange contextlost contextmenu contextrestored copy cuechange cut \
    dblclick drag dragend dragenter dragexit dragleave dragover dragstart drop durationchange emptied encrypted ended error focus \
    focusin focusout formdata fullscreenchange fullscreenerror gotpointercapture input interest invalid keydown keypress keyup load \
    loadeddata loadedmetadata loadend loadstart loseinterest lostpointercapture message messageerror mousedown mouseenter mouseleave \
    mousemove mouseout mouseover mouseup mousewheel paste pause play playing pointercancel pointerdown pointerenter pointerleave \
    pointermove pointerout pointerover pointerrawupdate pointerup progress ratechange readystatechange reset resize scroll scrollend \
    scrollsnapchange scrollsnapchanging search securitypolicyviolation seeked seeking select selectionchange selectstart slotchange \
    snapchanged snapchanging stalled submit suspend timeupdate toggle touchcancel touchend touchmove touchstart transitioncancel \
    transitionend transitionrun transitionstart volumechange waiting waitingforkey wheel";

/// Attributes of HTML elements, those that are out of date but work among them.
const ATTRIBUTES: &str = "abbr accept accept-charset accesskey action align alink allow allowfullscreen alpha alt anchor as async \
    attributionsrc autocapitalize autocomplete autocorrect autofocus autoplay axis background bgcolor blocking border bordercolor \
    capture cellpadding cellspacing char charoff charset checked cite class classid clear closedby code codebase codetype color \
    colorspace cols colspan command commandfor compact content contenteditable controls controlslist coords credentialless crossorigin \
    csp data datetime declare decoding default defer dir dirname disabled disablepictureinpicture disableremoteplayback download \
    draggable elementtiming enctype enterkeyhint exportparts face fetchpriority for form formaction formenctype formmethod \
    formnovalidate formtarget frame frameborder headers height hidden high href hreflang hspace http-equiv id imagesizes imagesrcset \
    incremental inert inputmode integrity interestfor is ismap itemid itemprop itemref itemscope itemtype kind label lang language link \
    list longdesc loop low lowsrc marginheight marginwidth max maxlength media method min minlength moz-opaque multiple muted name nohref \
    nomodule nonce noresize noshade novalidate nowrap object open optimum orient part pattern ping placeholder playsinline popover \
    popovertarget popovertargetaction poster preload prefix profile property readonly referrerpolicy rel required resource results rev \
    reversed role rows rowspan rules sandbox scheme scope scrolling selected shadowrootclonable shadowrootcustomelementregistry \
    shadowrootdelegatesfocus shadowrootmode shadowrootserializable shape size sizes slot span spellcheck src srcdoc srclang srcset \
    standby start step style summary tabindex target text title translate type typeof typemustmatch usemap valign value valuetype \
    virtualkeyboardpolicy vlink vocab vspace webkitdirectory width wrap writingsuggestions xmlns about datatype inlist";

/// Attributes by the names that JavaScript has for them.
const PROPERTIES: [(&str, &str); 2] = [("classname", "class"), ("htmlfor", "for")];

/// The event that is probably meant, if the name is unknown but similar to a known one. Names with a dash are user-defined.
pub(crate) fn event_meant(name: &str) -> Option<&'static str> {
    meant(name, &name.to_ascii_lowercase(), EVENTS)
}

/// The attribute of an HTML element that is probably meant, if the name is unknown but similar to a known one. Names with a
/// dash, `data-*` and `aria-*` for instance, are user-defined. HTML attribute names are case-insensitive.
pub(crate) fn attribute_meant(name: &str) -> Option<&'static str> {
    let small = name.to_ascii_lowercase();
    let as_property = PROPERTIES.iter().find(|(property, _)| *property == small);
    if let Some((_, attribute)) = as_property {
        return Some(attribute);
    }
    meant(&small, &small, ATTRIBUTES)
}

/// The known name that is most like another one, unless that is known itself.
fn meant(name: &str, small: &str, known: &'static str) -> Option<&'static str> {
    let known = || known.split_ascii_whitespace();
    let is_own = name.contains('-') || known().any(|known| known == name);
    if is_own { None } else { most_alike(small, known()) }
}

#[cfg(test)]
mod tests {
    use super::{attribute_meant, event_meant};

    #[test]
    fn what_is_like_a_known_name_is_taken_for_a_slip() {
        for (event, meant) in [
            ("clik", "click"),
            ("Click", "click"),
            ("mouseOver", "mouseover"),
            ("doubleclick", "dblclick"),
        ] {
            assert_eq!(event_meant(event), Some(meant), "{event}");
        }
        for (attribute, meant) in [
            ("clas", "class"),
            ("className", "class"),
            ("htmlFor", "for"),
            ("tpye", "type"),
            ("hfre", "href"),
        ] {
            assert_eq!(attribute_meant(attribute), Some(meant), "{attribute}");
        }
    }

    #[test]
    fn known_names_and_names_of_the_users_own_are_let_be() {
        for event in ["click", "row-moved", "my-click", "confirmed", "pointerdown"] {
            assert_eq!(event_meant(event), None, "{event}");
        }
        for attribute in [
            "class",
            "tabIndex",
            "data-clas",
            "aria-labell",
            "hx-get",
            "accept-charset",
            "zzz",
            "itemprop",
        ] {
            assert_eq!(attribute_meant(attribute), None, "{attribute}");
        }
    }
}
