//! The names of the events and attributes that browsers know, to distinguish a typo from a user-defined name.

use crate::error::most_similar;

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

/// Attributes of HTML elements, including obsolete ones that still work.
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

/// The known event that a name is probably a typo of. Names with a dash are user-defined.
pub(crate) fn similar_event(name: &str) -> Option<&'static str> {
    similar(name, &name.to_ascii_lowercase(), EVENTS)
}

/// The known attribute of HTML elements that a name is probably a typo of. Names with a dash, `data-*` and `aria-*` for instance,
/// are user-defined. HTML attribute names are case-insensitive.
pub(crate) fn similar_attribute(name: &str) -> Option<&'static str> {
    let lower_case = name.to_ascii_lowercase();
    let as_property = PROPERTIES.iter().find(|(property, _)| *property == lower_case);
    if let Some((_, attribute)) = as_property {
        return Some(attribute);
    }
    similar(&lower_case, &lower_case, ATTRIBUTES)
}

/// The known name that is most similar to a name, unless that is known itself.
fn similar(name: &str, lower_case: &str, known: &'static str) -> Option<&'static str> {
    let known = || known.split_ascii_whitespace();
    let is_valid = name.contains('-') || known().any(|known| known == name);
    if is_valid { None } else { most_similar(lower_case, known()) }
}

#[cfg(test)]
mod tests {
    use super::{similar_attribute, similar_event};

    #[test]
    fn a_name_similar_to_a_known_one_is_a_typo() {
        for (event, meant) in [
            ("clik", "click"),
            ("Click", "click"),
            ("mouseOver", "mouseover"),
            ("doubleclick", "dblclick"),
        ] {
            assert_eq!(similar_event(event), Some(meant), "{event}");
        }
        for (attribute, meant) in [
            ("clas", "class"),
            ("className", "class"),
            ("htmlFor", "for"),
            ("tpye", "type"),
            ("hfre", "href"),
        ] {
            assert_eq!(similar_attribute(attribute), Some(meant), "{attribute}");
        }
    }

    #[test]
    fn known_and_user_defined_names_are_accepted() {
        for event in ["click", "row-moved", "my-click", "confirmed", "pointerdown"] {
            assert_eq!(similar_event(event), None, "{event}");
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
            assert_eq!(similar_attribute(attribute), None, "{attribute}");
        }
    }
}
