"""Workbooks that openpyxl does not read: .xls as LibreOffice wrote them, .ods made by hand."""

from __future__ import annotations

import base64
import io
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from service.exchange import ReadingOptions, SheetError, TableError, read_results, read_table

if TYPE_CHECKING:
    from service.exchange import CampaignView

ODS, XLS = "application/vnd.oasis.opendocument.spreadsheet", "application/vnd.ms-excel"
PLAIN = (
    "c-rk)U2IfE6h8Ov?Q*yDXIns_K)s?+N`Gua)QUn21%*TcDO8PV0+;PAUD=;zcN@V(T|{0G5)BC&Lt;oUF)<O12|kFCzVV=u7h)uu"
    "6dsHQA6B9<B+~15&Yj&}mezDzVpKYt@6ODbIrDSQnR90L;x{#;r#`8>LPhCu3ecDvqM(na0p<Bhm`GQ&G1qnTWOp|Gr_xQ8vkndD"
    "uMA+F&jCyzr1U#i<+JJkm3k<NUxqB&L<!_6IzXkQdtfpC@utEvHpPBZO|$b)e}4Ag?8gJZWapoKKA-;zpc1G8s=W|EH9##e510=u"
    "5St*n7gz`^0_uRpz!G37P!HS(Sit?jGT;H=L0~zs0%%a{Y*aa;8RZtBRngjzx6k^e8Ksa3Ee6Zz^UAMS<)Zs5u!xV15wVM_KpzdU"
    "ZFJkQi1kmU4YCGX<29Uzk*?JY*s4w^fhsy9^mFoEEB1%fMOKHh>F4w=S^Y8jE|YH+z8ZZdJeP&i4om!A?EFnR1{%%Ly2+*(MQIN_"
    "VH7>;=mMXxSEUD^4{g1)aIcxP)*BUcnorqNPQppqv3jG9-sjVE0I9Df9`9@E@9(n)*Tmy%(&<q-Tc_!F*Ycg?^A^*2aH0P;HM(9R"
    "o$fmNX~=FOIX8LzbH((=N$Aa!&{s`D4^2oX*oCae7^ffCQOT0ac{m%8ye1ozyf$k{J})~*^7+{^cehymVR-FscJQ#f9>?yt;?7|>"
    "^hI*;%cy5KVYMG6K4%(@XeL0k^O#20a2nw6bI;4{!JNp(^kRli<L>~?S6)qXb9^qpL`RbjYKSA|d94fIE~@`E>_rk25yeELF#kX>"
    "`IC-FbgA?rOOKNtj%CtTa=_YZry_$O+v$DQ`c`YZlS(HO5WtJcR6oYu(*1CowKB1_5$lO1Gl*1i$4(EYoc>*Q278Mn<8ddE!N%>_"
    "(4Y;*foQ@(w#UiX@OSIl+mKL?W*XAywbzcvZ5L6ml1><2)Qgx4fN_ghpmLo<qvt}yx46&>2%;ZCW0zASLJ30*E!|75U45jkbC=Mw"
    "G(O^TRwy-V2hlQOtP+kU`MxH7^P%;S&|a7CiUR*noejS7%0fBU+2|{uf+GxJRU``5F<Y~?up)S9WcO%iKG&!hEhfDz+a~RZS*><j"
    "C0U?wX)yJ$DmQ!XO{*4~UPQa8o{Zi&T+^k-9e$zhETi0JPd+(Qjm@TBO@UmS^fYoSg&xX<C%DY$R4#nX!?wLnucfm=FCGv*A^YWP"
    "N3~izDQ8T3VR?H^|3F&)0(CcORa2Kf@5>tWD7S01m=>6TW)#s_-<oJqSK8-Qdb;pxI%~L43!qk3s2QjQZ?PIy#TU3(>N3h3^O#mI"
    "QY^oygWK!Le5T?H2w$jBV?NgJD>~PB_GN`O=9{Z(hVZex0+5m+e4Edld-wXcFRk+^0nECyx3_mk_Q$Ru)?^63Ci~4_uytCh`K{dY"
    "Te&$6D>r>sPBXW1^c!;n<=z`2Z0cTo@wz_AclNE(NGh354rHuN`y)=wdhF4bo%S9l7IQ>18=?aP9W!~mXkN&eb{ca@jA(*!Y4q@W"
    "*Kcea41f5RNlgu(e#e4-N4;${B|28~X7$eLQ$iV3@12Z#^JG<2I;!H^&o{j{4D%$1oW#(9{V`JS8g6e>W9QRt<@OC{FK2(y{N+2n"
    "e~HVNzP@y_b#eIk+t`2ejgL0+;Vh!{sdrjFeusT~e7fN9y|)^-cc}I*U%Y2otsfeC25~u>Ox!9XmhbA;cA8E9&U7dL{}KBs@*xxP"
    "uuWwvyz;Y{Jw^L)!{l}BD|!93ur^)UnOnmDDsCw6C%Q3j9538$Si=j`nm^$C4`wPn?C7@?{M0tQ2Ayf^kHcN5|NpE~|J8Uwe+La?"
    "|8cxZS@&CD1p}fJreyG1O@i`wd-3KkD?$EEz=gv68!<yf*5HT*mbRXbY3%<Y;Dg!!|0Mkd3tmJi"
)

WITH_RELATION = (
    "c-rk(U2GIp6h3!$yPaK1J1tbPKwUwlrG=CbwML-}1*D0j2Jt7Ri7d<XN0!~qvPO7N2ay*8iOPdMkPwoZm>5N4f)AS5KFNbdUwE+5"
    "r0}G{htX&ZiS78EGk3ScW}EC5LL&A|&b@cOJNNhe&JW)=PoMv+?FyCAV-%uUFG`UBrod+L#Ue5^HtTs_5%w18KSeXTW*LSdzdA6>"
    "yk5&Ss_R9%Gifhn@f0XdJ1K)YPsgYhx(gZ;oUfWOvsHdqEiJCU@b%e$vmXzE%k7_iJ==c_yae0;UJ7mmH~Aren!zpLW#HxDR?!Kf"
    "yTL2K_ki2<nyYlpd@tH@@O>Ivi~9aWUvt|jYC?*UI{I?yw=8mz{S|1$r{PJ_i>u%v%CT<rC)26;?V|0nhos^?Oh8Guprz<6&_=o-"
    "=vPv15$yvdDBi0z`gtQEdp|AZ8Yvrz$A2MXrUcnU?evpq`P*Uyit1HAB`Hl~bO3&E3}3X-CAP2E<qNhBwM}~XtDEU<4>!;_+t?F!"
    "#?B|x?O~HXU>h9T+A}S7G){kc@qo=v#2M$Q1pl)-+^7+!{~bP#yQ_51UH<oOIo>%B-aQY#ejYqp5hrMY>?b^jpE2;_kjJ&<grshE"
    "B2u?FVX2on^-?c)>b(7;<0s*%KbBeQ=;=}0E}X)g3eTi6!9@E`E4oH6up@W(%2E-R9X2mrOzeZanU=V0YG1=(OggR*7|aQkK$)QS"
    "-z`5hm<SOjT)+7@qQgJ5R>F!7Ew5zr2Qg@%|Dm3EM`lkaB26-#8%=tMFD8wI{rHkHTfuYkXw|jBLCAMj)(y_80lPhjQ?PkA%g!xK"
    "x1oR4wW|-e^}Q&#Gxys<5AbzTw>plV$?$p^(Iw>@@@+AQoe=CzDIYA2|D|tTpxsewyM3L3_IWs+D0W41;|5miRx27JCnon#_Z4eJ"
    "&!ESoSLN8G-ZGo?NgMsDRGNmR+ugn^QB8uWGHgZywI7;EzbU*a{idXkXMD|w$<A8oU4XyQQ;fU2{kwBbEpZlF6NTI!85edt1dqB_"
    "g_Oden2h5woI-3hTIgcL_sc|&%Uuwy=K1FG4yF;P%ZM4ANEOqVST(tfLdFn^`8kkf`j<B0ckNn<V$WDApFNTtF2r{pP1))AqmOLZ"
    "mpovn)3#{O_OapN-kZt2R8dk3q*;$dMJmio(<jgUaeZ*q`sf{#y4HREBMahvotr6rwXDp$b)Gh)FKtxkYXzONIXZ7Ur4{Pe8A9yy"
    "$7FMMCU@*;n%8XC{XKf_B9*tDZ>BCzIX|ml`&OTy5##cAm(OloX`Oiw=kLD$$qx2rW!R9;GmCD@3Y_st?R-e*n%v*3`xAlOm+xv@"
    "F88dRKQflh+;~TPzneF1qC1st<^P}Df0+$d8pAS4ME&-2SUpdNka6)o4%NK>7D&s`a`I~UuR0eg+F3u=J&X)@5PNuOLF<PC|6tXO"
    "VZSs`vhzXYgZ6^u7sL9s{{OAk|7torpqFv}!^lfn_5;v@VUY<V1>~z)AoEj)Ucat}`)9klR9b%rR!GSnY|+5l_S3t7^REGaxcL7s"
    "^e;j{8DR"
)


def xls(packed: str) -> bytes:
    return zlib.decompress(base64.b85decode(packed))


def ods(rows: str, styles: str = "") -> bytes:
    """Return a workbook of the sheets `Notes`, which says nothing, and `Run`."""
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" '
        f'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">{styles}<office:body><office:spreadsheet>'
        '<table:table table:name="Notes"><table:table-row>'
        f"{text('see the next sheet')}</table:table-row></table:table>"
        f'<table:table table:name="Run">{rows}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", ODS)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    return out.getvalue()


def text(words: str) -> str:
    return f'<table:table-cell office:value-type="string"><text:p>{words}</text:p></table:table-cell>'


def number(value: float) -> str:
    return (
        f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value:.1f}</text:p>'
        "</table:table-cell>"
    )


ROWS = "".join(
    f"<table:table-row>{cells}</table:table-row>"
    for cells in (
        text("word") + text("IC50 (nM)"),
        text("alpha") + number(12.3456),
        text("beta") + text("&gt; 1000"),
    )
)


@pytest.mark.parametrize("media_type", [ODS, "application/octet-stream"])
def test_open_document_sheets_are_read_without_rounding(media_type: str, view: CampaignView):
    report = read_results(ods(ROWS), media_type, view)
    assert [(row.result.relation, row.result.value) for row in report.accepted] == [
        ("=", 12.3456),
        (">", 1000),
    ]
    assert any("'Run' was read" in text for text in report.warnings)


def test_old_workbooks_are_read(view: CampaignView):
    report = read_results(xls(PLAIN), XLS, view)
    found = [(row.result.relation, row.result.value, row.result.lot) for row in report.accepted]
    assert found == [("=", 12.5, "7"), (">", 10000, "8"), ("=", 1e-7, None)]
    days = [row.result.measured_at and row.result.measured_at.isoformat() for row in report.accepted]
    assert days == ["2026-03-01T00:00:00+00:00", None, "2026-03-01T14:30:00+00:00"]


def test_a_number_format_that_shows_more_than_the_number_is_refused():
    style = "<number:number-style><number:text>&gt;</number:text><number:number/></number:number-style>"
    for content, media_type in ((xls(WITH_RELATION), XLS), (ods(ROWS, style), ODS)):
        with pytest.raises(TableError, match="save it as XLSX"):
            read_table(content, media_type)


def test_a_sheet_is_chosen_by_its_name():
    assert read_table(ods(ROWS), ODS, sheet="RUN").columns == ("word", "IC50 (nM)")
    assert read_table(xls(PLAIN), XLS, options=ReadingOptions(sheet="Read me", header_row=1)).columns == (
        "Results of March",
    )
    with pytest.raises(SheetError, match="it has 'Notes', 'Run'"):
        read_table(ods(ROWS), ODS, sheet="Plate 3")


@pytest.mark.parametrize("content", [b"PK\x03\x04nothing", xls(PLAIN)[:2000], ods("<table:table-row>")])
def test_damaged_files_are_refused(content: bytes):
    for media_type in (ODS, "application/x-xls"):
        with pytest.raises(TableError):
            read_table(content, media_type)
