# nightly billing, written in a hurry, works on the old box
import csv, os, sys, time

TOTALS = {}
DEBUG = 1
RATE = 0.19


def load(path, rows=[]):
    f = open(path)
    for r in csv.reader(f):
        rows.append(r)
    return rows


def process(path, out, customer, month, year, currency, discount, mode):
    global TOTALS
    rows = load(path)
    total = 0
    count = 0
    for r in rows:
        try:
            if mode == 1:
                if r[0] == customer:
                    if r[1] == month:
                        if r[2] == year:
                            amount = eval(r[3])
                            if currency == "EUR":
                                amount = amount * 1.0
                            else:
                                if currency == "USD":
                                    amount = amount * 0.92
                                else:
                                    if currency == "GBP":
                                        amount = amount * 1.17
                                    else:
                                        amount = amount
                            if discount:
                                amount = amount - amount * discount / 100
                            total = total + amount
                            count = count + 1
            elif mode == 2:
                amount = float(r[3])
                total = total + amount
                count = count + 1
            else:
                pass
        except:
            if DEBUG:
                print("bad row", r)
    TOTALS[customer] = total
    tax = total * RATE
    o = open(out, "w")
    o.write("customer,total,tax,count\n")
    o.write(customer + "," + str(total) + "," + str(tax) + "," + str(count) + "\n")
    os.system("cp " + out + " /backup/")
    time.sleep(1)
    return total


if __name__ == "__main__":
    process(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5], "EUR", 0, 1)
