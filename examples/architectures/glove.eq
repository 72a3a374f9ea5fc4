# Global vectors from counts of words beside each other
# Pennington, Socher and Manning (2014), GloVe
C: 6 x 6 constant
U, V: 3 x 6
b, c: 6 x 1
f = min((C / 2)**0.75, 1)
loss = sum(f * (U.T @ V + b + c.T - log(C))**2)
